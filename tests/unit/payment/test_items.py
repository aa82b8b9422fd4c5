"""One order for several insured and several years: all of them or none."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from contract.errors import ContractError
from contract.insurance import InsuranceType, PaymentKind
from contract.paid import ListPaid
from contract.payment import (
    MAX_ITEMS,
    IdempotencyConflict,
    ItemRepeated,
    ItemWanted,
    LiveOrderExists,
    OrderPlacedEvent,
    OrderState,
    PaymentFailed,
    PaymentSucceeded,
    PlaceOrder,
    QuoteExpired,
    QuoteForged,
    QuoteUsed,
    TooManyItems,
)
from contract.quote import Quote, QuoteLine
from services.payment.adapters.unionpay import connect
from services.payment.domain.orders import MAX_LINES, Report, Trigger
from services.payment.storage.rows import line_rows
from services.payment.usecases import ordering
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    OTHER_PAYER,
    PAYER,
    a_back_payment,
    a_quote,
    an_item,
    an_order,
    asking,
    asking_all,
    settings,
    wanting,
)
from tests.fakes.payment_service import Payment, of

CHILD = replace(INSURED, document_number="450103201505203012", name="覃子轩")
MINE, CHILDS = a_quote(), a_quote(quote_id="quote-child", insured=CHILD, person_number="4501030090000002")
BACK = a_back_payment()
LONGEST_ADDRESS = 8192
"""What most servers read of an address (nginx, eventlet)."""


def content_of(payment_url: str) -> dict[str, str]:
    content: dict[str, str] = json.loads(parse_qs(urlsplit(payment_url).query)["content"][0])
    return content


def people(count: int) -> list[Quote]:
    """Quotes for so many people."""
    return [
        a_quote(quote_id=f"quote-{n}", insured=replace(INSURED, document_number=f"4501031978061{n:05d}"))
        for n in range(count)
    ]


def test_several_quotes_become_one_payment_of_their_sum(payment: Payment) -> None:
    placed = ordering.place_order(asking_all(MINE, CHILDS, BACK), payment.wiring)
    (order,) = payment.storage.orders.values()
    assert order.amount == 40000 + 40000 + 13 * 20000
    content = content_of(placed.payment_url)
    assert (content["totalAmount"], content["orderDesc"]) == (order.amount, "社会保险费，共3项")
    lines = json.loads(content["attachedData"])["lines"]
    assert lines[:3] == [
        "20124501030090000001 4501030090000001 10212 2026 400.00",
        "20124501030090000001 4501030090000002 10212 2026 400.00",
        "20124501030090000001 4501030090000001 10210 2011 200.00",
    ]
    assert len(lines) == 15


def test_a_back_payment_is_one_item_with_a_line_for_each_year(payment: Payment) -> None:
    placed = payment.place(BACK)
    assert content_of(placed.payment_url)["orderDesc"] == "补缴2011-2023年度城乡居民养老保险费"
    (item,) = ordering.get_order(of(payment.storage.orders[placed.order_id]), payment.wiring).items
    assert (item.kind, item.amount, item.years) == (PaymentKind.BACK, 260000, tuple(range(2011, 2024)))


def test_what_is_paid_is_listed_by_year(payment: Payment) -> None:
    ordering.place_order(asking_all(MINE, CHILDS, BACK), payment.wiring)
    (order,) = payment.storage.orders.values()
    payment.notify(order)
    listed = ordering.list_paid(ListPaid(INSURED, 2020, 2030), payment.wiring).contributions
    assert [(paid.insurance_type, paid.year, paid.amount) for paid in listed] == [
        (InsuranceType.MEDICAL, 2026, 40000),
        *((InsuranceType.PENSION, year, 20000) for year in range(2020, 2024)),
    ]


def test_the_order_is_announced_once_with_all_it_is_for(payment: Payment) -> None:
    ordering.place_order(asking_all(MINE, BACK), payment.wiring)
    (event,) = payment.events
    assert isinstance(event, OrderPlacedEvent)
    told = [(one.insurance_type, one.years, one.amount) for one in event.contributions]
    assert told == [
        (InsuranceType.MEDICAL, (2026,), 40000),
        (InsuranceType.PENSION, tuple(range(2011, 2024)), 260000),
    ]


def test_every_item_has_its_own_event_of_success(payment: Payment) -> None:
    request = PlaceOrder(PAYER, (wanting(MINE), wanting(CHILDS, relation_id="relation-1")), "key-1")
    ordering.place_order(request, payment.wiring)
    (order,) = payment.storage.orders.values()
    for _ in range(2):
        payment.notify(order)
    succeeded = [event for event in payment.events if isinstance(event, PaymentSucceeded)]
    assert [
        (event.contribution.insured_number[-4:], event.contribution.relation_id) for event in succeeded
    ] == [
        ("2040", None),
        ("3012", "relation-1"),
    ]
    assert {aggregate for _, aggregate in payment.storage.events} == {order.order_id}


def test_every_item_has_its_own_event_of_failure_and_may_be_paid_again(payment: Payment) -> None:
    ordering.place_order(asking_all(MINE, BACK), payment.wiring)
    (order,) = payment.storage.orders.values()
    payment.unionpay.closed = Report(Trigger.SHUT, "close")
    ordering.close_order(of(order), payment.wiring)
    failed = [event for event in payment.events if isinstance(event, PaymentFailed)]
    assert [event.contribution.insurance_type for event in failed] == [
        InsuranceType.MEDICAL,
        InsuranceType.PENSION,
    ]
    again = asking_all(
        replace(MINE, quote_id="quote-8"), replace(BACK, quote_id="quote-9"), payer=OTHER_PAYER
    )
    ordering.place_order(again, payment.wiring)


@pytest.mark.parametrize(
    ("items", "error", "place"),
    [
        ((wanting(MINE), ItemWanted("nonsense")), QuoteForged, 1),
        ((wanting(CHILDS), wanting(a_quote(lines=()))), QuoteForged, 1),
        ((wanting(CHILDS), wanting(replace(MINE, expires_at=NOW))), QuoteExpired, 1),
        ((wanting(MINE), wanting(MINE)), ItemRepeated, 1),
        ((wanting(CHILDS), wanting(MINE), wanting(replace(MINE, quote_id="quote-9"))), ItemRepeated, 2),
        (
            (wanting(BACK), wanting(replace(BACK, quote_id="q", lines=(QuoteLine(2015, "", 1),)))),
            ItemRepeated,
            1,
        ),
        ((wanting(replace(BACK, lines=BACK.lines[:1] * 2)),), ItemRepeated, 0),
    ],
    ids=["forged", "empty", "expired", "same quote", "same person", "a year of several", "a year twice"],
)
def test_one_item_that_cannot_be_paid_keeps_all_from_being_paid(
    payment: Payment, items: tuple[ItemWanted, ...], error: type[ContractError], place: int
) -> None:
    with pytest.raises(error, match="没有扣款") as refused:
        ordering.place_order(PlaceOrder(PAYER, items, "key-1"), payment.wiring)
    assert refused.value.detail == {"item": place}
    assert (payment.storage.orders, payment.events) == ({}, [])


@pytest.mark.parametrize(
    "request_",
    [
        PlaceOrder(PAYER, (), "key-1"),
        asking_all(*people(MAX_ITEMS + 1)),
        asking_all(
            *(replace(BACK, quote_id=f"quote-{n}", insured=one.insured) for n, one in enumerate(people(7)))
        ),
    ],
    ids=["none", "items", "lines"],
)
def test_an_order_has_at_least_one_item_and_not_too_many(payment: Payment, request_: PlaceOrder) -> None:
    with pytest.raises(TooManyItems, match="没有扣款"):
        ordering.place_order(request_, payment.wiring)
    assert payment.storage.orders == {}


def test_fifty_people_are_one_order(payment: Payment) -> None:
    ordering.place_order(asking_all(*people(MAX_ITEMS)), payment.wiring)
    (order,) = payment.storage.orders.values()
    assert order.amount == MAX_ITEMS * 40000


def test_the_longest_order_fits_into_the_address_of_unionpays_page() -> None:
    lines = tuple(QuoteLine(1946 + n, "", 9_999_999_99) for n in range(MAX_LINES))
    item = an_item(registration_number="2" * 20, person_number="4" * 18, lines=lines)
    page = connect(settings(unionpay_notify_url="https://" + "n" * 100)).payment_page(an_order(item))
    assert len(page) < LONGEST_ADDRESS


@pytest.mark.parametrize(("blocked", "place"), [((BACK, CHILDS), 1), ((CHILDS, BACK), 0)])
def test_a_live_order_for_one_of_them_keeps_the_second_payer_from_all(
    payment: Payment, blocked: tuple[Quote, ...], place: int
) -> None:
    payment.place(replace(CHILDS, quote_id="quote-9"), OTHER_PAYER)
    with pytest.raises(LiveOrderExists) as refused:
        ordering.place_order(asking_all(*blocked), payment.wiring)
    assert refused.value.detail == {"item": place}
    assert len(payment.storage.orders) == 1
    payment.place(replace(BACK, quote_id="quote-8"), key="key-2")


@pytest.mark.parametrize("alone", [MINE, CHILDS, replace(BACK, lines=BACK.lines[7:8])])
def test_an_order_for_several_keeps_everybody_away_from_each_of_them(payment: Payment, alone: Quote) -> None:
    first = ordering.place_order(asking_all(MINE, CHILDS, BACK), payment.wiring)
    with pytest.raises(LiveOrderExists) as refused:
        payment.place(replace(alone, quote_id="quote-9"), OTHER_PAYER)
    assert refused.value.detail == {"item": 0}
    with pytest.raises(LiveOrderExists) as refused:
        payment.place(replace(alone, quote_id="quote-8"), key="key-2")
    assert refused.value.detail == {"item": 0, "order_id": first.order_id}


def test_a_used_quote_is_told_before_a_live_order(payment: Payment) -> None:
    first = payment.place(CHILDS)
    with pytest.raises(QuoteUsed) as refused:
        ordering.place_order(asking_all(BACK, MINE, CHILDS, key="key-2"), payment.wiring)
    assert refused.value.detail == {"item": 2, "order_id": first.order_id}


def test_the_same_items_in_another_order_are_another_body(payment: Payment) -> None:
    ordering.place_order(asking_all(MINE, CHILDS), payment.wiring)
    with pytest.raises(IdempotencyConflict):
        ordering.place_order(asking_all(CHILDS, MINE), payment.wiring)


def test_a_key_answers_for_several_items_after_their_quotes_have_expired(payment: Payment) -> None:
    request = asking_all(MINE, BACK)
    first = ordering.place_order(request, payment.wiring)
    payment.clock.advance(seconds=dt.timedelta(minutes=16).total_seconds())
    assert ordering.place_order(request, payment.wiring).order_id == first.order_id
    assert len(payment.storage.orders) == 1


def test_a_payment_of_another_sum_fails_every_item_and_is_returned_whole(payment: Payment) -> None:
    ordering.place_order(asking_all(MINE, CHILDS), payment.wiring)
    (order,) = payment.storage.orders.values()
    payment.notify(order, totalAmount="40000")
    assert payment.now(order).state is OrderState.FAILED
    ((case),) = payment.storage.refunds.values()
    assert (case.reason, case.amount) == ("mispaid", 40000)
    assert [type(event) for event in payment.events[1:]] == [PaymentFailed, PaymentFailed]


def test_lines_are_stored_in_one_order_however_they_were_asked_for() -> None:
    """Two orders that want the same people then never wait for each other."""
    items = (an_item(CHILDS), an_item(BACK), an_item(MINE))
    stored = [
        [(row["insured_index"], row["insurance_type"], row["year"]) for row in line_rows(an_order(*asked))]
        for asked in (items, items[::-1])
    ]
    assert stored[0] == stored[1]


def test_one_item_is_asked_as_before(payment: Payment) -> None:
    placed = ordering.place_order(asking(MINE), payment.wiring)
    assert content_of(placed.payment_url)["orderDesc"] == "2026年度城乡居民医疗保险费"
