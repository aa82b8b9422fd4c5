"""What payers may still do with orders of theirs, and what they see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.paid import FindLiveOrder, ListPaid
from contract.payment import ListOrders, OrderNotFound, OrderNotPayable, OrderState
from services.payment.usecases import ordering
from tests.fakes.payment_orders import INSURED, OTHER_PAYER, a_quote
from tests.fakes.payment_service import Payment, of

WAITING = [OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN]


@pytest.mark.parametrize("state", WAITING)
def test_a_waiting_order_can_be_paid_later(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    resumed = ordering.resume_payment(of(order), payment.wiring)
    assert resumed.payment_url.startswith("http://127.0.0.1:9/v1/netpay/webpay/pay?")


def test_an_order_whose_time_is_over_cannot_be_paid_later(payment: Payment) -> None:
    order = payment.placed()
    payment.clock.advance(minutes=30)
    with pytest.raises(OrderNotPayable):
        ordering.resume_payment(of(order), payment.wiring)


@pytest.mark.parametrize("state", [state for state in OrderState if state not in WAITING])
def test_an_order_that_is_over_cannot_be_paid_later(payment: Payment, state: OrderState) -> None:
    with pytest.raises(OrderNotPayable):
        ordering.resume_payment(of(payment.placed(state)), payment.wiring)


@pytest.mark.parametrize(
    "act", [ordering.get_order, ordering.check_order, ordering.close_order, ordering.resume_payment]
)
def test_another_persons_order_is_not_found(payment: Payment, act: object) -> None:
    order = payment.placed()
    assert callable(act)
    with pytest.raises(OrderNotFound):
        act(of(order, OTHER_PAYER.person_id), payment.wiring)
    assert payment.unionpay.asked == []


def test_a_payer_sees_only_their_own_orders_newest_first(payment: Payment) -> None:
    older = payment.place()
    payment.clock.advance(minutes=1)
    newer = payment.place(a_quote(quote_id="quote-2", year=2027), key="key-2")
    payment.place(a_quote(quote_id="quote-3", year=2028), OTHER_PAYER)
    listed = ordering.list_orders(ListOrders("payer-1"), payment.wiring).orders
    assert [order.order_id for order in listed] == [newer.order_id, older.order_id]
    assert len(ordering.list_orders(ListOrders("payer-1", limit=1), payment.wiring).orders) == 1


def test_only_what_is_paid_is_listed_as_paid(payment: Payment) -> None:
    order = payment.placed()
    asked = ListPaid(INSURED, 2026, 2026)
    assert ordering.list_paid(asked, payment.wiring).contributions == ()
    payment.notify(order)
    (paid,) = ordering.list_paid(asked, payment.wiring).contributions
    assert (paid.year, paid.amount, paid.paid_at) == (2026, order.amount, payment.now(order).paid_at)
    renamed = replace(asked, insured=replace(INSURED, name="韦秀"))
    assert ordering.list_paid(renamed, payment.wiring).contributions == ()


def test_a_live_order_of_anybody_is_found_and_a_closed_one_is_not(payment: Payment) -> None:
    order = payment.placed()
    (item,) = order.items
    year = item.lines[0].year
    asked = FindLiveOrder(item.insured, item.insurance_type, year)
    assert ordering.find_live_order(asked, payment.wiring).exists
    assert not ordering.find_live_order(replace(asked, year=year + 1), payment.wiring).exists
    stranger = replace(item.insured, document_number="1")
    assert not ordering.find_live_order(replace(asked, insured=stranger), payment.wiring).exists
    payment.notify(order, status="TRADE_CLOSED", payTime="")
    assert not ordering.find_live_order(asked, payment.wiring).exists
