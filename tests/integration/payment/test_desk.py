"""What staff find of payments on PostgreSQL, and that a level sees itself and nothing beside (docs/adr/0027)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, cast

import pytest

from contract.audit import Action
from contract.insurance import Channel
from contract.payment import OrderNotFound, OrderState
from contract.payment_desk import FindOrders, PurposeMissing, SearchTooWide, TotalDay
from contract.people import DocumentType, Person
from contract.reconciliation import BreakKind, ListBreaks, Party
from contract.refunds import ListRefunds, RefundNamed, RefundNotFound, RefundState
from contract.staff import PROVINCE, NotOfThisLevel, Role, Staff
from kit.clock import SetClock, china
from kit.database import Database
from services.payment.models import reconciliation_breaks
from services.payment.storage.breaks import BreakStorage
from services.payment.storage.desk import DeskStorage
from services.payment.storage.orders import OrderStorage
from services.payment.usecases import desk
from services.payment.usecases.wiring import Wiring
from tests.fakes.console_storage import FakeJournal
from tests.fakes.payment_orders import NOW, a_refund, an_item, an_order, asking_back, settings
from tests.integration.payment.databases import wiring

NANNING = Staff("li", "李明", Role.AUTHORITY, "450100")
QINGXIU = Staff("q", "青秀", Role.AUTHORITY, "450103")
LIUZHOU = Staff("tan", "覃勇", Role.AUTHORITY, "450200")
REGION = Staff("gx", "自治区", Role.AUTHORITY, PROVINCE)
WEI = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
QIN = Person(DocumentType.RESIDENT_ID, "450203198001011231", "覃小宝")
AT_NANNING = replace(an_item(), agency_code="45010301", insured=WEI)
AT_LIUZHOU = replace(
    an_item(), agency_code="45020301", insured=QIN, quote_id="quote-l", person_number="4502030090000001"
)
DAY = china(NOW).date()
DESK = DeskStorage()


def order(number: str, *items: Any, amount: int = 40_000, **changed: Any) -> Any:
    made = an_order(*items, **changed)
    return replace(
        made, order_id=f"order-{number}", mer_order_id=f"3194{number:0>24}", idempotency_key=f"key-{number}",
        items=tuple(replace(item, quote_id=f"quote-{number}-{n}") for n, item in enumerate(made.items)),
    )  # fmt: skip


@pytest.fixture
def w(database: Database) -> Wiring:
    """One paid order in each city, one in both, and one that is not paid."""
    with database.transaction() as tx:
        paid = {"state": OrderState.PAID, "paid_at": NOW, "transaction_id": "t", "next_action_at": None}
        later = [replace(AT_NANNING, lines=(replace(AT_NANNING.lines[0], year=2027),)),
                 replace(AT_LIUZHOU, lines=(replace(AT_LIUZHOU.lines[0], year=2027),))]  # fmt: skip
        storage = OrderStorage()
        for made in (
            order("n", AT_NANNING, **paid), order("l", AT_LIUZHOU, **paid), order("both", *later, **paid),
            order("placed", replace(AT_NANNING, lines=(replace(AT_NANNING.lines[0], year=2028),))),
        ):  # fmt: skip
            storage.add(tx, made)
    return wiring(database, settings(), SetClock(NOW))


def find(w: Wiring, staff: Staff, journal: Any = None, **asked: str) -> set[str]:
    request = FindOrders("12366来电咨询", **asked)
    watched = replace(w, journal=cast(Any, journal or FakeJournal()))
    return {one.order_id for one in desk.find_orders(request, staff, watched, DESK).orders}


def test_an_order_is_found_by_number_within_the_level_alone(w: Wiring) -> None:
    for staff, seen in ((NANNING, True), (QINGXIU, True), (LIUZHOU, False), (REGION, True)):
        assert find(w, staff, number="order-n") == ({"order-n"} if seen else set())
        assert find(w, staff, number=f"3194{'n':0>24}") == ({"order-n"} if seen else set())
    assert find(w, NANNING, number="order-both") == set(), "what is of two cities is the region's"
    assert find(w, REGION, number="order-both") == {"order-both"}


def test_who_cannot_name_the_order_is_found_by_name_and_end_of_number(w: Wiring) -> None:
    assert find(w, NANNING, name="韦秀兰", document_tail="2040") == {"order-n", "order-placed"}
    assert find(w, REGION, name="韦秀兰", document_tail="2040") == {"order-n", "order-placed", "order-both"}
    assert find(w, REGION, name="韦秀兰", document_tail="2041") == set()
    assert find(w, REGION, name="韦秀英", document_tail="2040") == set()
    tail = an_order().payer_phone[-4:]
    assert find(w, NANNING, name="韦秀兰", document_tail="2040", phone_tail=tail)
    assert not find(w, NANNING, name="韦秀兰", document_tail="2040", phone_tail="9999")


def test_a_search_says_what_for_and_is_journalled_even_when_it_finds_nothing(w: Wiring) -> None:
    journal = FakeJournal()
    with pytest.raises(PurposeMissing):
        desk.find_orders(FindOrders(" 查 ", number="order-n"), NANNING, w, DESK)
    for asked in (
        {},
        {"name": "韦秀兰"},
        {"document_tail": "2040"},
        {"name": "韦秀兰", "document_tail": "40"},
    ):
        with pytest.raises(SearchTooWide):
            find(w, NANNING, journal, **asked)
    assert not journal.acts
    find(w, LIUZHOU, journal, name="韦秀兰", document_tail="2040")
    (act,) = journal.acts
    assert (act.actor, act.action, act.purpose) == ("staff:tan", Action.PERSON_QUERIED, "12366来电咨询")
    assert act.detail["found"] == 0 and "韦" not in str(act) and "2040" not in str(act)


def test_what_staff_see_is_masked(w: Wiring) -> None:
    asked = FindOrders("12366来电咨询", number="order-n")
    (seen,) = desk.find_orders(asked, NANNING, w, DESK).orders
    assert WEI.document_number not in str(seen) and WEI.name not in str(seen)
    assert seen.items[0].insured_name == "韦**" and "****" in seen.payer_phone


def test_a_days_totals_are_those_of_the_level(w: Wiring) -> None:
    def totals(staff: Staff) -> tuple[dict[str, int], dict[Channel, int]]:
        told = desk.total_day(TotalDay(DAY), staff, w, DESK)
        return {one.code: one.amount for one in told.places}, {
            one.channel: one.lines for one in told.channels
        }

    assert totals(REGION) == ({"4501": 80_000, "4502": 80_000}, {Channel.WECHAT_ACCOUNT: 4})
    assert totals(NANNING) == ({"450103": 80_000}, {Channel.WECHAT_ACCOUNT: 2})
    assert totals(LIUZHOU) == ({"450203": 80_000}, {Channel.WECHAT_ACCOUNT: 2})
    assert desk.total_day(TotalDay(DAY - dt.timedelta(days=1)), REGION, w, DESK).places == ()


def test_refunds_of_another_level_are_not_found_and_cannot_be_begun(w: Wiring) -> None:
    with w.database.read() as connection:
        paid = w.orders.get(connection, "order-n")
    with pytest.raises(OrderNotFound):
        desk.request_refund(asking_back(paid), LIUZHOU, w)
    assert desk.list_refunds(ListRefunds(), REGION, w).refunds == ()
    begun = desk.request_refund(asking_back(paid), NANNING, w)
    assert begun.operator_name == "李明", "whoever the seal names, whatever the request says"
    with w.database.read() as connection:
        assert w.refunds.find(connection, begun.refund_id).operator_id == "li"
    assert desk.list_refunds(ListRefunds(), NANNING, w).refunds == (begun,)
    assert desk.list_refunds(ListRefunds(), LIUZHOU, w).refunds == ()
    with pytest.raises(RefundNotFound):
        desk.get_refund(RefundNamed(begun.refund_id), LIUZHOU, w)
    assert a_refund().operator_id != "li"


def test_an_order_is_shown_with_what_of_it_goes_back(w: Wiring) -> None:
    with w.database.read() as connection:
        paid = w.orders.get(connection, "order-n")
    begun = desk.request_refund(asking_back(paid), NANNING, w)
    asked = FindOrders("12366来电咨询", number="order-n")
    (seen,) = desk.find_orders(asked, NANNING, w, DESK).orders
    assert seen.refunds == (begun,)
    assert [refund.held_up for item in seen.items for refund in item.refunds] == [False]
    with w.database.transaction() as tx:
        known = w.refunds.find(tx, begun.refund_id)
        w.refunds.move(tx, replace(known, state=RefundState.FAILED, failure="failed"))
    (seen,) = desk.find_orders(asked, NANNING, w, DESK).orders
    assert [one.state for one in seen.refunds] == [RefundState.FAILED]
    assert [refund.held_up for item in seen.items for refund in item.refunds] == [True], (
        "its payer is told so"
    )


def test_breaks_are_their_orders_and_what_has_none_is_the_regions(w: Wiring) -> None:
    storage = BreakStorage()
    with w.database.transaction() as tx:
        for number in (f"3194{'n':0>24}", f"3194{'l':0>24}", "unknown"):
            row = dict.fromkeys(
                ("mid", "item", "channel", "our_state", "their_state", "reference", "at", "owner", "action", "outcome",
                 "reason"), "",
            )  # fmt: skip
            row |= {"day": DAY, "party": Party.UNIONPAY.value, "kind": BreakKind.AMOUNT.value, "mer_order_id": number,
                    "first_seen": NOW, "last_run": 1, "state": "open"}  # fmt: skip
            tx.execute(reconciliation_breaks.insert().values(**row))
    with w.database.read() as connection:
        for reach, number in (("", 3), ("4501", 1), ("450103", 1), ("4502", 1), ("4503", 0)):
            rows, total = storage.page(connection, ListBreaks(), reach)
            assert len(rows) == total == number
    with pytest.raises(NotOfThisLevel):
        desk.check_province(NANNING)
