"""Which merchant collects: the longest beginning that fits, an agency's before a division's; and an order keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.config import ConfigurationError, read
from services.payment.config import Config, Route
from services.payment.merchants import BadMerchants, Merchant, Merchants
from services.payment.usecases import ordering
from tests.factories.keys import KEYS, QUOTE_KEYS, STAFF_KEYS
from tests.fakes.payment_orders import a_quote, asking_all, settings
from tests.fakes.payment_service import make_payment

DEFAULT, CITY, DISTRICT, AGENCY = (Merchant(f"m{n}", f"t{n}") for n in range(4))
FILE = {
    "agencies": {"450103": AGENCY._asdict()},
    "divisions": {"4501": CITY._asdict(), "450105": DISTRICT._asdict()},
}
ENVIRONMENT = {
    "TAXCORE_RECORDS_URL": "https://taxcore.example/esb/records",
    "PAYMENT_DATABASE_URL": "sqlite://", "PAYMENT_HTTP_ADDRESS": "127.0.0.1:0", "AMQP_URI": "memory://",
    **KEYS, "PAYMENT_STAFF_KEYS": STAFF_KEYS, "QUOTE_KEYS": QUOTE_KEYS,
    "UNIONPAY_URL": "http://127.0.0.1:9", "UNIONPAY_COMMUNICATION_KEYS": "new, old",
    "UNIONPAY_SOURCE_NUMBER": "3194", "UNIONPAY_MID": "m", "UNIONPAY_TID": "t",
    "UNIONPAY_NOTIFY_URL": "http://127.0.0.1:9", "UNIONPAY_RETURN_URL": "http://127.0.0.1:9/",
}  # fmt: skip
"""Everything but what one route alone needs."""


def written(folder: Path, content: object) -> Path:
    path = folder / "merchants.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("agency", "division", "merchant"),
    [
        ("450103", "450103", AGENCY), ("45010399", "450200", AGENCY), ("45010", "450105001", DISTRICT),
        ("4502", "450102", CITY), ("4502", "450200", DEFAULT), ("", "", DEFAULT),
    ],
)  # fmt: skip
def test_the_longest_beginning_that_fits_counts(
    tmp_path: Path, agency: str, division: str, merchant: Merchant
) -> None:
    assert Merchants.read(written(tmp_path, FILE), DEFAULT).of(agency, division) == merchant


def test_several_agencies_share_a_merchant_or_have_the_default(tmp_path: Path) -> None:
    merchants = Merchants.read(written(tmp_path, FILE), DEFAULT)
    assert merchants.of_all([("1", "450101"), ("2", "450102")]) == CITY
    assert merchants.of_all([("1", "450101"), ("450103", "450103")]) == DEFAULT


@pytest.mark.parametrize(
    "content",
    [
        [], {"agency": {}}, {"agencies": []}, {"agencies": {"4501": "m1"}}, {"agencies": {"": CITY._asdict()}},
        {"divisions": {"4501": {"mid": "m1"}}}, {"divisions": {"4501": {"mid": "m1", "tid": 1}}},
        {"divisions": {"4501": {"mid": "m1", "tid": "t1", "key": "k"}}},
        {"divisions": {"4501": {"mid": "", "tid": "t1"}}},
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_stops_the_start(tmp_path: Path, content: object) -> None:
    path = written(tmp_path, content)
    with pytest.raises(BadMerchants):
        Merchants.read(path, DEFAULT)
    (problem,) = settings(unionpay_merchants=path).problems()
    assert problem.startswith("UNIONPAY_MERCHANTS: ")


@pytest.mark.parametrize("text", ["", "{", "\udcff"])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "merchants.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    for unreadable in (path, tmp_path / "nowhere.json"):
        with pytest.raises(BadMerchants):
            Merchants.read(unreadable, DEFAULT)


def test_an_order_keeps_the_merchant_it_was_placed_with(tmp_path: Path) -> None:
    payment = make_payment(unionpay_merchants=written(tmp_path, FILE))
    order = payment.storage.orders[payment.place(a_quote()).order_id]
    assert (order.mid, order.tid, order.inst_mid) == (*AGENCY, "YUEDANDEFAULT")
    payment.notify(order)
    assert payment.now(order).state == "failed", "paid to another merchant than its own"


def test_an_order_for_several_merchants_is_the_default_ones(tmp_path: Path) -> None:
    payment = make_payment(unionpay_merchants=written(tmp_path, FILE))
    elsewhere = a_quote(2025, quote_id="quote-2", agency_code="4502", division_code="450102")
    placed = ordering.place_order(asking_all(a_quote(), elsewhere), payment.wiring)
    order = payment.storage.orders[placed.order_id]
    assert (order.mid, order.tid) == payment.wiring.config.merchants.default


@pytest.mark.parametrize(
    ("route", "missing"),
    [
        ("open-platform", {"UNIONPAY_APP_ID is not set", "UNIONPAY_APP_KEY is not set"}),
        ("communication-key", {"UNIONPAY_MSG_SRC is not set"}),
        ("carrier-pigeon", {"UNIONPAY_ROUTE is malformed"}),
    ],
)
def test_only_what_the_chosen_route_needs_is_asked_for(route: str, missing: set[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {"UNIONPAY_ROUTE": route, "UNIONPAY_MID": ""})
    assert set(refused.value.problems) == missing | {"UNIONPAY_MID is not set"}


def test_each_route_starts_with_what_it_needs() -> None:
    older = read(
        Config, ENVIRONMENT | {"UNIONPAY_ROUTE": "communication-key", "UNIONPAY_MSG_SRC": "WWW.TEST.COM"}
    )
    assert older.unionpay_route is Route.COMMUNICATION_KEY
    newer = read(Config, ENVIRONMENT | {"UNIONPAY_APP_ID": "id", "UNIONPAY_APP_KEY": "key"})
    assert newer.unionpay_route is Route.OPEN_PLATFORM


@pytest.mark.parametrize(
    ("name", "value"), [("UNIONPAY_SIGN_TYPE", "SM3"), ("UNIONPAY_COMMUNICATION_KEYS", ",")]
)
def test_an_unfit_key_or_signature_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(Config, ENVIRONMENT | {"UNIONPAY_APP_ID": "id", "UNIONPAY_APP_KEY": "key", name: value})
    (problem,) = refused.value.problems
    assert problem.startswith(name)
