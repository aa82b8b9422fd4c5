"""Turning a quote into an order, once."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.insurance import Channel
from contract.payment import (
    IdempotencyConflict,
    ItemWanted,
    LiveOrderExists,
    OrderPlacedEvent,
    OrderState,
    Payer,
    PlaceOrder,
    QuoteExpired,
    QuoteForged,
    QuoteUsed,
)
from contract.places import Division, Place
from kit.clock import SetClock, china
from services.payment.usecases import ordering
from tests.factories.keys import ring
from tests.fakes.payment_orders import NOW, OTHER_PAYER, PAYER, a_quote, an_item, asking, asking_all, sealed
from tests.fakes.payment_service import Payment, make_payment


def content_of(payment_url: str) -> dict[str, object]:
    """What the signed address of the payment page asks UnionPay for."""
    content: dict[str, object] = json.loads(parse_qs(urlsplit(payment_url).query)["content"][0])
    return content


def test_an_order_holds_what_the_quote_says_and_nothing_of_the_client(payment: Payment) -> None:
    placed = payment.place(insured_phone="13700137000")
    order = payment.storage.orders[placed.order_id]
    assert (order.state, order.amount) == (OrderState.PLACED, 40000)
    assert order.items == (an_item(),)
    assert (order.payer_name, order.payer_phone) == (PAYER.name, PAYER.phone)
    assert order.expires_at == NOW + dt.timedelta(minutes=30)
    assert order.next_action_at == NOW + dt.timedelta(seconds=30)
    content = content_of(placed.payment_url)
    assert (content["merOrderId"], content["totalAmount"]) == (order.mer_order_id, 40000)
    assert content["returnUrl"] == f"http://127.0.0.1:9/orders/{order.order_id}"


def test_the_event_is_committed_with_the_order(payment: Payment) -> None:
    placed = payment.place()
    (event,) = payment.events
    assert isinstance(event, OrderPlacedEvent)
    assert event.order_id == placed.order_id
    assert payment.storage.events[0][1] == placed.order_id


def test_the_same_key_and_body_give_the_same_order_again(payment: Payment) -> None:
    request = asking(a_quote())
    first = ordering.place_order(request, payment.wiring)
    again = ordering.place_order(request, payment.wiring)
    assert again.order_id == first.order_id
    assert content_of(again.payment_url)["merOrderId"] == content_of(first.payment_url)["merOrderId"]
    assert (len(payment.storage.orders), len(payment.events)) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        asking(a_quote(quote_id="quote-2", year=2027)),
        asking(a_quote(), insured_phone="13700137001"),
        asking(a_quote(), channel=Channel.ALIPAY_CITY),
        asking(a_quote(), relation_id="relation-2"),
        asking(a_quote(), place=Place(town=Division("450103001", "新竹街道"))),
        asking_all(a_quote(), a_quote(quote_id="quote-2", year=2027)),
    ],
    ids=["quote", "phone", "channel", "relation", "place", "one more"],
)
def test_the_same_key_with_another_body_is_a_conflict(payment: Payment, other: PlaceOrder) -> None:
    first = payment.place()
    with pytest.raises(IdempotencyConflict) as refused:
        ordering.place_order(other, payment.wiring)
    assert refused.value.detail == {"order_id": first.order_id}
    assert len(payment.storage.orders) == 1


def test_keys_of_two_payers_do_not_meet(payment: Payment) -> None:
    payment.place()
    payment.place(a_quote(quote_id="quote-2", year=2027), OTHER_PAYER)
    assert len(payment.storage.orders) == 2


@pytest.mark.parametrize(
    "token",
    ["", "not a token", "缴费", sealed(a_quote(), ring()), sealed(a_quote(), ring(9))],
    ids=["empty", "nonsense", "chinese", "another key", "another version"],
)
def test_a_quote_we_did_not_seal_is_refused(payment: Payment, token: str) -> None:
    with pytest.raises(QuoteForged, match="没有扣款"):
        ordering.place_order(replace(asking(a_quote()), items=(ItemWanted(token),)), payment.wiring)
    assert payment.storage.orders == {}


@given(position=st.integers(0, 500), letter=st.sampled_from("AQgw09-_"))
def test_a_quote_tampered_with_anywhere_is_refused(position: int, letter: str) -> None:
    token = sealed(a_quote())
    position %= len(token) - 1  # the last character may hold spare bits
    tampered = token[:position] + letter + token[position + 1 :]
    if tampered != token:
        with pytest.raises(QuoteForged):
            ordering.place_order(
                replace(asking(a_quote()), items=(ItemWanted(tampered),)), make_payment().wiring
            )


def test_an_expired_quote_charges_nobody(payment: Payment) -> None:
    with pytest.raises(QuoteExpired, match="没有扣款"):
        payment.place(a_quote(expires_at=NOW))
    assert (payment.storage.orders, payment.events) == ({}, [])


def test_a_key_that_made_an_order_answers_even_when_its_quote_has_expired(payment: Payment) -> None:
    request = asking(a_quote())
    first = ordering.place_order(request, payment.wiring)
    payment.clock.advance(minutes=16)
    assert ordering.place_order(request, payment.wiring).order_id == first.order_id


@pytest.mark.parametrize(("payer", "told"), [(PAYER, True), (OTHER_PAYER, False)])
def test_a_quote_makes_one_order_and_only_its_owner_learns_which(
    payment: Payment, payer: Payer, told: bool
) -> None:
    first = payment.place()
    with pytest.raises(QuoteUsed) as refused:
        payment.place(payer=payer, key="key-2")
    assert refused.value.detail == ({"order_id": first.order_id} if told else {}) | {"item": 0}


@pytest.mark.parametrize(
    "state", [OrderState.PLACED, OrderState.UNKNOWN, OrderState.PAID, OrderState.REFUNDING]
)
def test_a_live_order_keeps_every_other_payer_away(payment: Payment, state: OrderState) -> None:
    payment.placed(state)
    with pytest.raises(LiveOrderExists) as refused:
        payment.place(a_quote(quote_id="quote-2"), OTHER_PAYER)
    assert refused.value.detail == {"item": 0}
    with pytest.raises(LiveOrderExists) as refused:
        payment.place(a_quote(quote_id="quote-3"), key="key-3")
    assert set(refused.value.detail) == {"item", "order_id"}


@pytest.mark.parametrize("state", [OrderState.FAILED, OrderState.CLOSED, OrderState.REFUNDED])
def test_an_order_that_is_over_lets_the_next_one_in(payment: Payment, state: OrderState) -> None:
    payment.placed(state)
    payment.place(a_quote(quote_id="quote-2"), OTHER_PAYER)
    assert len(payment.storage.orders) == 2


@pytest.mark.parametrize("state", [OrderState.PAID, OrderState.CLOSED, OrderState.FAILED])
def test_a_repeat_for_an_order_that_is_over_leads_to_its_result(payment: Payment, state: OrderState) -> None:
    request = asking(a_quote())
    order_id = ordering.place_order(request, payment.wiring).order_id
    payment.storage.orders[order_id] = replace(payment.storage.orders[order_id], state=state)
    assert (
        ordering.place_order(request, payment.wiring).payment_url == f"http://127.0.0.1:9/orders/{order_id}"
    )


def test_a_repeat_after_the_orders_time_leads_to_its_result(payment: Payment) -> None:
    request = asking(a_quote())
    order_id = ordering.place_order(request, payment.wiring).order_id
    payment.clock.advance(minutes=30)
    assert (
        ordering.place_order(request, payment.wiring).payment_url == f"http://127.0.0.1:9/orders/{order_id}"
    )


@given(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2099, 1, 1), timezones=st.just(dt.UTC)))  # noqa: DTZ001
def test_order_numbers_are_unionpays(now: dt.datetime) -> None:
    payment = make_payment()
    payment.wiring = replace(payment.wiring, clock=SetClock(now))
    placed = payment.place(a_quote(expires_at=now + dt.timedelta(minutes=1)))
    number = payment.storage.orders[placed.order_id].mer_order_id
    assert re.fullmatch(r"3194\d{17}\d{6}", number)
    assert 6 < len(number) < 28
    assert number[4:21] == china(now).strftime("%Y%m%d%H%M%S%f")[:17]


def test_order_numbers_of_one_moment_differ() -> None:
    numbers = set()
    for n in range(20):
        payment = make_payment()
        numbers.add(payment.storage.orders[payment.place(key=f"key-{n}").order_id].mer_order_id)
    assert len(numbers) == 20
