"""Asking UnionPay what became of an order, and closing it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.payment import CloseNotConfirmed, OrderNotPayable, OrderState, PaymentFailed, PaymentSucceeded
from services.payment.domain import orders as domain
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.usecases import ordering
from services.payment.usecases.wiring import LEASE
from tests.fakes.payment_orders import NOW
from tests.fakes.payment_service import Payment, of
from tests.fakes.payment_unionpay import SILENCE

AWAITED = Report(Trigger.AWAITED, "query")
PAID = Report(Trigger.SUCCEEDED, "query", "transaction-1", NOW, 40000)
MISPAID = Report(Trigger.MISPAID, "query", "transaction-1", NOW, 1, failure_code="mispaid")
WAITING = [OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN]
NO_TIME = dt.timedelta()
OVER = dt.timedelta(minutes=32)
"""The order's half hour and the grace."""


def shut(cause: str = "closed") -> Report:
    return Report(Trigger.SHUT, "query", failure_code=cause)


def look(payment: Payment, state: OrderState, said: Report | None, after: dt.timedelta = NO_TIME) -> Order:
    """The order after UnionPay has said that, so long after it was placed."""
    order = payment.placed(state)
    payment.clock.advance(seconds=after.total_seconds())
    payment.unionpay.queried = said
    ordering.look_at(order, payment.wiring)
    return payment.now(order)


def test_an_order_unionpay_has_not_seen_waits_for_its_payer(payment: Payment) -> None:
    order = look(payment, OrderState.PLACED, None, dt.timedelta(minutes=31))
    assert (order.state, order.attempts) == (OrderState.PLACED, 1)
    assert order.next_action_at == NOW + dt.timedelta(minutes=31, seconds=30)
    assert payment.events == []


def test_an_order_that_once_got_no_answer_can_be_paid_when_unionpay_has_not_seen_it(payment: Payment) -> None:
    order = look(payment, OrderState.UNKNOWN, None)
    assert (order.state, order.attempts) == (OrderState.PLACED, 0)
    assert payment.events == []


@pytest.mark.parametrize("state", WAITING)
def test_an_order_never_seen_is_closed_when_its_time_is_over(payment: Payment, state: OrderState) -> None:
    order = look(payment, state, None, OVER)
    assert (order.state, order.failure_code, order.next_action_at) == (OrderState.CLOSED, "expired", None)
    (event,) = payment.events
    assert isinstance(event, PaymentFailed)
    assert (event.reason_code, event.failed_at) == ("expired", NOW + OVER)
    assert "没有扣款" in event.reason


def test_an_order_unionpay_waits_for_is_submitted(payment: Payment) -> None:
    order = look(payment, OrderState.PLACED, AWAITED)
    assert (order.state, order.attempts, payment.unionpay.asked) == (OrderState.SUBMITTED, 0, ["query"])


def test_an_order_still_waited_for_is_asked_about_ever_more_rarely(payment: Payment) -> None:
    order, waits = payment.placed(OrderState.SUBMITTED), []
    payment.unionpay.queried = AWAITED
    for _ in range(4):
        ordering.look_at(order, payment.wiring)
        order = payment.now(order)
        assert order.next_action_at is not None
        waits.append((order.next_action_at - NOW).total_seconds())
    assert waits == [30, 60, 120, 240]


@pytest.mark.parametrize(
    ("closed", "state", "cause"),
    [
        (shut(), OrderState.CLOSED, "expired"),
        (shut("closed_by_buyer"), OrderState.CLOSED, "closed_by_buyer"),
        (None, OrderState.CLOSED, "expired"),
        (PAID, OrderState.PAID, None),
        (MISPAID, OrderState.FAILED, "mispaid"),
        (SILENCE, OrderState.UNKNOWN, None),
        (AWAITED, OrderState.SUBMITTED, None),
    ],
    ids=["closed", "cancelled", "never seen", "paid", "mispaid", "silence", "still open"],
)
def test_an_order_nobody_paid_in_time_is_closed_at_unionpay_first(
    payment: Payment, closed: Report | None, state: OrderState, cause: str | None
) -> None:
    payment.unionpay.closed = closed
    order = look(payment, OrderState.SUBMITTED, AWAITED, OVER)
    assert payment.unionpay.asked == ["query", "close"]
    assert (order.state, order.failure_code) == (state, cause)
    assert (order.next_action_at is None) is not order.waiting


@pytest.mark.parametrize("state", WAITING)
def test_no_answer_makes_an_order_unknown_and_keeps_it_looked_after(
    payment: Payment, state: OrderState
) -> None:
    order = look(payment, state, SILENCE, OVER)
    assert order.state is OrderState.UNKNOWN
    assert order.next_action_at is not None
    assert NOW + OVER < order.next_action_at <= NOW + OVER + dt.timedelta(minutes=30)
    assert payment.events == []


def test_a_change_brings_the_next_look_near_again(payment: Payment) -> None:
    order = payment.placed(OrderState.SUBMITTED)
    payment.storage.orders[order.order_id] = replace(order, attempts=9)
    payment.unionpay.queried = SILENCE
    ordering.look_at(payment.now(order), payment.wiring)
    assert payment.now(order).next_action_at == NOW + dt.timedelta(seconds=30)


@pytest.mark.parametrize("state", WAITING)
def test_a_lost_notify_is_made_good_by_asking(payment: Payment, state: OrderState) -> None:
    order = look(payment, state, PAID)
    assert (order.state, order.paid_at, order.transaction_id) == (OrderState.PAID, NOW, "transaction-1")
    (event,) = payment.events
    assert isinstance(event, PaymentSucceeded)
    assert (event.paid_at, event.certificate_at) == (NOW, NOW + dt.timedelta(days=1))
    assert payment.storage.history[-1].source == "query"


def test_a_wrong_amount_fails_the_order_and_opens_a_refund_case(payment: Payment) -> None:
    order = look(payment, OrderState.SUBMITTED, MISPAID)
    assert (order.state, order.refund_due) == (OrderState.FAILED, True)
    ((case),) = payment.storage.refunds.values()
    assert (case.reason, case.transaction_id, case.amount) == ("mispaid", "transaction-1", 1)
    (event,) = payment.events
    assert isinstance(event, PaymentFailed)
    assert "原路退回" in event.reason


def test_an_order_that_ended_while_unionpay_was_asked_stays_ended(payment: Payment) -> None:
    """The notify overtakes a query whose answer is older."""
    order = payment.placed()
    paid = replace(order, state=OrderState.PAID, next_action_at=None, transaction_id="transaction-1")
    payment.storage.orders[order.order_id] = paid
    payment.unionpay.queried = None
    ordering.look_at(order, payment.wiring)
    assert payment.now(order) == paid


def test_a_payer_back_at_our_page_is_answered_by_unionpay(payment: Payment) -> None:
    order = payment.placed()
    payment.unionpay.queried = PAID
    assert ordering.check_order(of(order), payment.wiring).state is OrderState.PAID


def test_reloading_the_page_does_not_ask_unionpay_again_and_again(payment: Payment) -> None:
    order = payment.placed()
    payment.unionpay.queried = AWAITED
    for _ in range(5):
        ordering.check_order(of(order), payment.wiring)
    assert payment.unionpay.asked == ["query"]
    payment.clock.advance(seconds=domain.MIN_BETWEEN_LOOKS.total_seconds())
    ordering.check_order(of(order), payment.wiring)
    assert payment.unionpay.asked == ["query", "query"]


def test_a_payer_who_watches_the_page_does_not_make_us_look_more_rarely(payment: Payment) -> None:
    order = payment.placed(OrderState.SUBMITTED)
    payment.unionpay.queried = AWAITED
    for _ in range(20):
        payment.clock.advance(seconds=3)
        ordering.check_order(of(order), payment.wiring)
    assert len(payment.unionpay.asked) == 20
    watched = payment.now(order)
    assert (watched.next_action_at, watched.attempts) == (order.next_action_at, order.attempts)


@pytest.mark.parametrize("state", [state for state in OrderState if state not in WAITING])
def test_an_order_that_is_over_is_not_asked_about(payment: Payment, state: OrderState) -> None:
    assert ordering.check_order(of(payment.placed(state)), payment.wiring).state is state
    assert payment.unionpay.asked == []


def test_a_claimed_order_is_kept_from_others_until_its_lease_ends(payment: Payment) -> None:
    order = payment.placed()
    payment.clock.advance(seconds=30)
    assert [due.order_id for due in ordering.claim_due(payment.wiring, 9)] == [order.order_id]
    assert ordering.claim_due(payment.wiring, 9) == []
    payment.clock.advance(seconds=LEASE.total_seconds())
    assert [due.order_id for due in ordering.claim_due(payment.wiring, 9)] == [order.order_id]


@pytest.mark.parametrize(
    ("said", "state", "cause"),
    [
        (shut(), OrderState.CLOSED, "closed_by_payer"),
        (shut("closed_by_buyer"), OrderState.CLOSED, "closed_by_payer"),
        (None, OrderState.CLOSED, "closed_by_payer"),
        (PAID, OrderState.PAID, None),
        (MISPAID, OrderState.FAILED, "mispaid"),
    ],
    ids=["closed", "cancelled before", "never seen", "paid after all", "mispaid"],
)
@pytest.mark.parametrize("before", WAITING)
def test_giving_up_ends_as_unionpay_says(
    payment: Payment, before: OrderState, said: Report | None, state: OrderState, cause: str | None
) -> None:
    order = payment.placed(before)
    payment.unionpay.closed = said
    assert ordering.close_order(of(order), payment.wiring).state is state
    assert payment.now(order).failure_code == cause
    assert len(payment.events) == 1


def given_up_unseen(payment: Payment) -> Order:
    """Given up before its payer reached UnionPay's page, which stays payable in another tab; its time is over now."""
    order = payment.placed()
    payment.unionpay.closed = None
    ordering.close_order(of(order), payment.wiring)
    payment.clock.advance(seconds=OVER.total_seconds())
    (due,) = ordering.claim_due(payment.wiring, 9)
    return due


def test_money_for_an_order_given_up_unseen_is_found_without_a_notify(payment: Payment) -> None:
    order = given_up_unseen(payment)
    payment.unionpay.queried = PAID
    ordering.look_at(order, payment.wiring)
    assert (payment.now(order).state, payment.now(order).refund_due) == (OrderState.CLOSED, True)
    assert [case.reason for case in payment.storage.refunds.values()] == ["late"]
    assert payment.now(order).next_action_at is None


def test_an_order_given_up_unseen_is_left_alone_after_one_clear_answer(payment: Payment) -> None:
    order = given_up_unseen(payment)
    payment.unionpay.queried = SILENCE
    ordering.look_at(order, payment.wiring)
    assert payment.now(order).next_action_at is not None
    payment.unionpay.queried = None
    ordering.look_at(payment.now(order), payment.wiring)
    assert (payment.now(order).state, payment.now(order).next_action_at) == (OrderState.CLOSED, None)
    assert len(payment.events) == 1


@pytest.mark.parametrize("said", [SILENCE, AWAITED], ids=["silence", "still open"])
@pytest.mark.parametrize("before", WAITING)
def test_an_order_is_not_given_up_before_unionpay_says_so(
    payment: Payment, before: OrderState, said: Report
) -> None:
    order = payment.placed(before)
    payment.unionpay.closed = said
    with pytest.raises(CloseNotConfirmed, match="请勿重复缴费"):
        ordering.close_order(of(order), payment.wiring)
    assert payment.now(order).waiting
    assert payment.now(order).next_action_at is not None
    assert payment.events == []


def test_giving_up_twice_is_harmless(payment: Payment) -> None:
    order = payment.placed(OrderState.CLOSED)
    assert ordering.close_order(of(order), payment.wiring).state is OrderState.CLOSED
    assert payment.unionpay.asked == []


@pytest.mark.parametrize(
    "state", [OrderState.PAID, OrderState.FAILED, OrderState.REFUNDING, OrderState.REFUNDED]
)
def test_a_decided_order_cannot_be_given_up(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    with pytest.raises(OrderNotPayable):
        ordering.close_order(of(order), payment.wiring)
    assert payment.unionpay.asked == []
