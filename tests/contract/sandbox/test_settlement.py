"""UnionPay's settlement file: every payment and refund of a merchant's day, and the breaks planted in it."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.clock import SHANGHAI
from sandbox.settings import Settings
from sandbox.signatures import communication_key_sign
from sandbox.unionpay import settlement
from tests.contract.sandbox.caller import Caller

CITY = {"mid": "898450200000002", "tid": "45020001"}


@pytest.fixture(autouse=True)
def early(client: FlaskClient) -> None:
    """Today's file can be had."""
    assert client.put("/sandbox/api/settings", json={"settlement": {"early": True}}).status_code == 200


def today() -> str:
    return f"{datetime.now(SHANGHAI):%Y-%m-%d}"


def ask(caller: Caller, settings: Settings, key: str = "", **changed: str) -> TestResponse:
    fields = {"mid": settings["UNIONPAY_MID"], "settleDate": today(), "signType": "SHA256"} | changed
    sign = communication_key_sign(fields, key or settings.communication_keys[0], "SHA256")
    return caller.client.get(f"/netpay-portal/settlement.do?{urlencode(fields | {'sign': sign})}")


def lines(caller: Caller, settings: Settings, **changed: str) -> list[dict[str, str]]:
    answer = ask(caller, settings, **changed)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def pay(caller: Caller, **changed: Any) -> str:
    number = caller.placed(**changed)
    caller.act(number, "pay")
    return number


def misbehave(client: FlaskClient, number: str, **plan: float) -> None:
    client.put(f"/sandbox/api/orders/{number}/settings", json={"settlement": plan})


def test_a_payment_and_its_refund_are_a_line_each(caller: Caller, settings: Settings) -> None:
    number = pay(caller)
    caller.unionpay("refund", number, refundOrderId=number + "R", refundAmount="10000")
    ledger = caller.unionpay("query", number).json or {}
    paid, refunded = lines(caller, settings)
    assert tuple(paid) == settlement.COLUMNS
    assert paid | {"tradeTime": "", "serialNumber": ""} == {
        "settleDate": today(), "tradeDate": ledger["payTime"][:10], "tradeTime": "", "transactionAmount": "400.00",
        "terminalNumber": "88880001", "settleAmount": "400.00", "serviceFee": "0.00", "serialNumber": "",
        "transactionType": "pay", "referenceNumber": ledger["targetOrderId"],
        "merchantNumber": settings["UNIONPAY_MID"], "orderNumber": number, "returnOrderNo": "",
        "paymentType": "WXPay", "actualPaymentAmount": "400.00",
    }  # fmt: skip
    assert paid["tradeTime"] == ledger["payTime"][11:]
    assert (refunded["transactionType"], refunded["orderNumber"], refunded["returnOrderNo"]) == (
        "refund", number, number + "R",
    )  # fmt: skip
    assert (refunded["transactionAmount"], refunded["settleAmount"]) == ("100.00", "-100.00")


def test_each_merchant_has_its_own(caller: Caller, settings: Settings) -> None:
    ours, city = pay(caller), pay(caller, **CITY)
    assert [line["orderNumber"] for line in lines(caller, settings)] == [ours]
    assert [line["orderNumber"] for line in lines(caller, settings, mid=CITY["mid"])] == [city]


def test_another_day_has_nothing_of_it(caller: Caller, settings: Settings) -> None:
    pay(caller)
    assert lines(caller, settings, settleDate="2026-01-01") == []


def test_what_is_unpaid_or_not_given_back_yet_is_not_in_it(
    caller: Caller, settings: Settings, client: FlaskClient
) -> None:
    caller.placed()
    number = pay(caller)
    for status, suffix in (("PROCESSING", "P"), ("FAIL", "F")):
        client.put(f"/sandbox/api/orders/{number}/settings", json={"unionpay": {"refund_status": status}})
        caller.unionpay("refund", number, refundOrderId=number + suffix, refundAmount="100")
    assert [line["transactionType"] for line in lines(caller, settings)] == ["pay"]


def test_all_pages_are_sent(caller: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement, "_PAGE", 2)
    numbers = [pay(caller) for _ in range(5)]
    for number in numbers[:3]:
        caller.unionpay("refund", number, refundOrderId=number + "R", refundAmount="1")
    found = lines(caller, settings)
    assert [line["orderNumber"] for line in found] == [*numbers, *numbers[:3]]


def test_breaks_are_planted_in_single_orders(caller: Caller, settings: Settings, client: FlaskClient) -> None:
    missing, other, extra = pay(caller), pay(caller), pay(caller)
    misbehave(client, missing, missing_rate=1.0)
    misbehave(client, other, other_amount_rate=1.0)
    misbehave(client, extra, extra_rate=1.0)
    found = lines(caller, settings)
    assert [line["orderNumber"] for line in found][:2] == [other, extra]
    assert [line["transactionAmount"] for line in found] == ["400.01", "400.00", "400.00"]
    unheard_of = found[2]
    assert unheard_of["orderNumber"].startswith("3194")
    assert 6 < len(unheard_of["orderNumber"]) < 28
    assert (caller.unionpay("query", unheard_of["orderNumber"]).json or {})["errCode"] == "NO_ORDER"
    assert lines(caller, settings) == found, "every download is the same file"


def test_breaks_are_planted_by_rate(caller: Caller, settings: Settings, client: FlaskClient) -> None:
    numbers = {pay(caller) for _ in range(40)}
    client.put("/sandbox/api/settings", json={"settlement": {"missing_rate": 0.5}})
    found = {line["orderNumber"] for line in lines(caller, settings)}
    assert found < numbers
    assert found


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"key": "0" * 32}, 401, "BAD_SIGN"),
        ({"mid": "0"}, 404, "NO_MERCHANT"),
        ({"settleDate": "today"}, 404, "BAD_REQUEST"),
        ({"settleDate": "2999-01-01"}, 404, "NO_FILE"),
    ],
)
def test_what_cannot_be_had(
    caller: Caller, settings: Settings, client: FlaskClient, changed: dict[str, str], status: int, code: str
) -> None:
    client.put("/sandbox/api/settings", json={"settlement": {"early": False}})
    answer = ask(caller, settings, **changed)
    assert (answer.status_code, (answer.json or {})["errCode"]) == (status, code)


def test_the_file_of_a_day_is_there_when_it_is_over(
    caller: Caller, settings: Settings, client: FlaskClient
) -> None:
    client.put("/sandbox/api/settings", json={"settlement": {"early": False}})
    assert ask(caller, settings).status_code == 404
    assert lines(caller, settings, settleDate="2026-01-01") == []
