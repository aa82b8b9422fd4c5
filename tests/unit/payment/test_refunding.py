"""Giving money back: begun by staff, the tax core and refund cases, and brought to its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.errors import InvalidInput
from contract.paid import ListPaid
from contract.payment import IdempotencyConflict, LiveOrderExists, OrderNotFound, OrderState
from contract.refunds import (
    ListRefunds,
    OrderNotRefundable,
    PartRefunded,
    PaymentRefunded,
    PaymentReturned,
    RefundNamed,
    RefundNotFound,
    RefundNotRetryable,
    RefundOrigin,
    RefundPart,
    RefundRequested,
    RefundState,
    RefundView,
    RetryRefund,
)
from services.payment.domain import failures
from services.payment.domain.orders import Order
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus
from services.payment.usecases import ordering, refunding
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    OPERATOR,
    OTHER_PAYER,
    a_back_payment,
    a_quote,
    an_item,
    asking_back,
    part_of,
)
from tests.fakes.payment_service import Payment, of
from tests.fakes.payment_unionpay import DONE

CHILD = a_quote(
    quote_id="quote-child", insured=replace(INSURED, document_number="450103201505203012", name="覃子轩"),
    person_number="4501030090000002",
)  # fmt: skip
SILENT = RefundReport(RefundStatus.UNANSWERED)
SLOW = RefundReport(RefundStatus.PROCESSING)


def begin(payment: Payment, order: Order, *parts: RefundPart, key: str = "refund-key-1") -> RefundView:
    return refunding.request_refund(asking_back(order, *parts, key=key), payment.wiring)


def refund_now(payment: Payment) -> Refund:
    (refund,) = payment.storage.given_back.values()
    return refund


def later(payment: Payment) -> None:
    payment.clock.advance(minutes=31)
    payment.look_at_refunds()


def test_a_refund_is_committed_before_unionpay_is_told(payment: Payment) -> None:
    order = payment.paid()
    view = begin(payment, order)
    assert (view.state, view.amount, view.next_action_at) == (RefundState.REQUESTED, 40000, NOW)
    assert payment.unionpay.asked == []
    assert payment.now(order).state is OrderState.REFUNDING
    assert payment.storage.history[-1].trigger == "refund_begun"


def test_a_whole_refund_ends_the_order_and_frees_its_insured(payment: Payment) -> None:
    order = payment.paid()
    begin(payment, order)
    with pytest.raises(LiveOrderExists):
        payment.place(a_quote(quote_id="quote-2"), OTHER_PAYER)
    payment.look_at_refunds()
    after = payment.now(order)
    assert (after.state, after.next_action_at) == (OrderState.REFUNDED, None)
    assert after.transaction_id == order.transaction_id
    (event,) = payment.events
    assert isinstance(event, PaymentRefunded)
    assert (event.contribution.amount, event.contribution.years, event.refunded_at) == (40000, (2026,), NOW)
    assert event.paid_at == order.paid_at
    (asked,) = payment.unionpay.asked_back
    assert (asked.amount, asked.transaction_id) == (40000, order.transaction_id)
    payment.place(a_quote(quote_id="quote-2"), OTHER_PAYER)


def test_one_item_goes_back_and_the_other_stays_paid(payment: Payment) -> None:
    order = payment.paid(a_quote(), CHILD)
    begin(payment, order, part_of(an_item(CHILD)))
    payment.look_at_refunds()
    after = payment.now(order)
    assert (after.state, after.paid_at) == (OrderState.PAID, order.paid_at)
    shown = ordering.get_order(of(order), payment.wiring)
    assert shown.items[0].refunds == ()
    (refund,) = shown.items[1].refunds
    assert (refund.years, refund.amount, refund.refunded_at) == ((2026,), 40000, NOW)
    begin(payment, order, key="key-2")
    payment.look_at_refunds()
    assert payment.now(order).state is OrderState.REFUNDED
    assert [asked.amount for asked in payment.unionpay.asked_back] == [40000, 40000]


def test_some_years_go_back_and_the_others_are_still_listed_as_paid(payment: Payment) -> None:
    order = payment.paid(a_back_payment())
    begin(payment, order, part_of(order.items[0], 2011, 2012))
    asked = ListPaid(INSURED, 2011, 2023)
    assert len(ordering.list_paid(asked, payment.wiring).contributions) == 13, "until the money is back"
    payment.look_at_refunds()
    left = ordering.list_paid(asked, payment.wiring).contributions
    assert [paid.year for paid in left] == list(range(2013, 2024))
    (event,) = payment.events
    assert isinstance(event, PaymentRefunded)
    assert (event.contribution.years, event.contribution.amount) == ((2011, 2012), 40000)


def test_an_order_is_refunding_until_its_last_refund_is_over(payment: Payment) -> None:
    order = payment.paid(a_quote(), CHILD, a_back_payment())
    payment.unionpay.refunded = SLOW
    begin(payment, order, part_of(an_item(CHILD)))
    begin(payment, order, part_of(an_item(a_back_payment())), key="key-2")
    payment.look_at_refunds()
    payment.unionpay.refund_known = DONE
    first, second = payment.storage.given_back.values()
    refunding.look_at(first, payment.wiring)
    assert payment.now(order).state is OrderState.REFUNDING
    refunding.look_at(second, payment.wiring)
    assert payment.now(order).state is OrderState.PAID


@pytest.mark.parametrize(
    "state", [state for state in OrderState if state not in (OrderState.PAID, OrderState.REFUNDING)]
)
def test_what_is_not_paid_is_not_refunded(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    with pytest.raises(OrderNotRefundable):
        begin(payment, order)
    assert payment.storage.given_back == {}


def test_the_same_request_again_is_the_same_refund(payment: Payment) -> None:
    order = payment.paid()
    first = begin(payment, order)
    payment.look_at_refunds()
    assert begin(payment, order).refund_id == first.refund_id
    with pytest.raises(IdempotencyConflict):
        refunding.request_refund(asking_back(order, reason="另一个原因"), payment.wiring)
    with pytest.raises(OrderNotRefundable):
        begin(payment, order, key="key-2")
    assert len(payment.unionpay.asked_back) == 1


def test_a_line_is_not_refunded_twice(payment: Payment) -> None:
    order = payment.paid()
    begin(payment, order)
    with pytest.raises(PartRefunded):
        begin(payment, order, key="key-2")


@pytest.mark.parametrize(
    "changed",
    [{"reason": " "}, {"reason": "长" * 61}, {"operator": replace(OPERATOR, operator_id="")},
     {"operator": replace(OPERATOR, name="")}, {"idempotency_key": ""}, {"idempotency_key": "k" * 65}],
)  # fmt: skip
def test_a_refund_says_who_wants_it_and_why(payment: Payment, changed: dict[str, object]) -> None:
    request = asking_back(payment.paid(), **changed)
    with pytest.raises(InvalidInput):
        refunding.request_refund(request, payment.wiring)


def test_an_unknown_order_or_refund_is_not_found(payment: Payment) -> None:
    with pytest.raises(OrderNotFound):
        begin(payment, replace(payment.placed(), order_id="another"))
    with pytest.raises(RefundNotFound):
        refunding.get_refund(RefundNamed("another"), payment.wiring)
    with pytest.raises(RefundNotFound):
        refunding.retry_refund(RetryRefund(OPERATOR, "another"), payment.wiring)


def test_no_answer_is_asked_about_before_money_is_asked_for_again(payment: Payment) -> None:
    order = payment.paid()
    begin(payment, order)
    payment.unionpay.refunded = SILENT
    payment.look_at_refunds()
    assert refund_now(payment).state is RefundState.UNKNOWN
    payment.unionpay.refund_known = DONE
    later(payment)
    assert payment.unionpay.asked == ["refund", "refund-query"]
    assert payment.now(order).state is OrderState.REFUNDED


@pytest.mark.parametrize("known", [None, RefundReport(RefundStatus.REFUSED)])
def test_what_unionpay_never_saw_is_asked_for_again_under_the_same_number(
    payment: Payment, known: RefundReport | None
) -> None:
    begin(payment, payment.paid())
    payment.unionpay.refunded = SILENT
    payment.look_at_refunds()
    payment.unionpay.refunded, payment.unionpay.refund_known = DONE, known
    later(payment)
    assert payment.unionpay.asked == ["refund", "refund-query", "refund"]
    assert len({asked.refund_order_id for asked in payment.unionpay.asked_back}) == 1
    assert refund_now(payment).state is RefundState.REFUNDED


def test_whoever_takes_over_after_a_crash_asks_first(payment: Payment) -> None:
    begin(payment, payment.paid())
    refunding.claim_due(payment.wiring, 9)
    payment.look_at_refunds()
    assert payment.unionpay.asked == [], "its lease is not over"
    payment.unionpay.refund_known = DONE
    later(payment)
    assert payment.unionpay.asked == ["refund-query"]
    assert refund_now(payment).state is RefundState.REFUNDED


def test_a_slow_refund_is_asked_about_ever_more_rarely(payment: Payment) -> None:
    begin(payment, payment.paid())
    payment.unionpay.refunded = payment.unionpay.refund_known = SLOW
    waits = []
    for _ in range(5):
        payment.look_at_refunds()
        due = refund_now(payment).next_action_at
        assert due is not None
        waits.append((due - payment.clock.now()).total_seconds())
        payment.clock.advance(seconds=waits[-1])
    assert waits == [5, 10, 20, 40, 80]
    assert refund_now(payment).state is RefundState.SUBMITTED


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.REFUSED, RefundStatus.OTHER_AMOUNT])
def test_a_failed_refund_waits_for_staff_who_may_try_again(
    payment: Payment, status: RefundStatus, caplog: pytest.LogCaptureFixture
) -> None:
    order = payment.paid()
    view = begin(payment, order)
    payment.unionpay.refunded = RefundReport(status)
    payment.look_at_refunds()
    failed = refunding.get_refund(RefundNamed(view.refund_id), payment.wiring)
    assert (failed.state, failed.next_action_at) == (RefundState.FAILED, NOW + dt.timedelta(days=1))
    assert failed.failure
    assert payment.events == []
    assert payment.now(order).state is OrderState.REFUNDING
    payment.clock.advance(days=1)
    payment.look_at_refunds()
    assert "a failed refund waits for staff" in caplog.messages
    assert len(payment.unionpay.asked_back) == 1, "nobody tries again unasked"
    payment.unionpay.refunded = DONE
    again = refunding.retry_refund(RetryRefund(OPERATOR, view.refund_id), payment.wiring)
    assert again.state is RefundState.REQUESTED
    assert refunding.retry_refund(RetryRefund(OPERATOR, view.refund_id), payment.wiring) == again
    payment.look_at_refunds()
    assert payment.now(order).state is OrderState.REFUNDED
    with pytest.raises(RefundNotRetryable):
        refunding.retry_refund(RetryRefund(OPERATOR, view.refund_id), payment.wiring)
    assert ("failed", "retried", "requested", OPERATOR.operator_id) in payment.storage.refund_history


def test_what_is_said_of_an_older_number_counts_no_more(payment: Payment) -> None:
    begin(payment, payment.paid())
    payment.unionpay.refunded = RefundReport(RefundStatus.FAILED)
    old = refund_now(payment)
    payment.look_at_refunds()
    payment.clock.advance(seconds=1)
    retried = refunding.retry_refund(RetryRefund(OPERATOR, old.refund_id), payment.wiring)
    refunding.look_at(old, payment.wiring)
    assert refunding.get_refund(RefundNamed(old.refund_id), payment.wiring) == retried


def test_the_tax_core_asks_by_its_own_number_once(payment: Payment) -> None:
    order = payment.paid(a_quote(), CHILD)
    event = RefundRequested("SBTF1", order.mer_order_id, OPERATOR, "重复参保", (part_of(an_item(CHILD)),))
    for _ in range(2):
        with payment.storage.transaction() as tx:
            refunding.take_request(tx, event, payment.wiring)
    refund = refund_now(payment)
    assert (refund.origin, refund.amount, refund.idempotency_key) == (RefundOrigin.TAX_CORE, 40000, "SBTF1")
    with pytest.raises(OrderNotFound):
        refunding.take_request(None, replace(event, order_number="another"), payment.wiring)
    (listed,) = refunding.list_refunds(ListRefunds(order.order_id), payment.wiring).refunds
    assert listed.items[0].insured_name == "覃**"


@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.FAILED])
def test_money_that_came_too_late_goes_back_by_itself(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    payment.notify(order)
    assert payment.now(order).refund_due
    payment.look_at_refunds()
    (event,) = payment.events
    assert isinstance(event, PaymentReturned)
    assert (event.amount, event.reason_code, event.payer_phone) == (40000, "late", order.payer_phone)
    assert (payment.now(order).state, payment.now(order).refund_due) == (state, False)
    (case,) = payment.storage.refunds.values()
    assert case.closed_at == NOW
    shown = ordering.get_order(of(order), payment.wiring)
    assert (shown.failure, shown.refund_case, shown.returned_at) == (failures.RETURNED, False, NOW)


def test_a_second_payment_goes_back_and_the_first_stays(payment: Payment) -> None:
    order = payment.paid()
    for paid_at in ("2026-11-23 10:07:00", "2026-11-23 10:08:00"):
        payment.notify(order, targetOrderId="transaction-2", payTime=paid_at)
    payment.look_at_refunds()
    (asked,) = payment.unionpay.asked_back
    assert asked.transaction_id == "transaction-2"
    assert (payment.now(order).state, payment.now(order).refund_due) == (OrderState.PAID, False)
    assert [type(event) for event in payment.events] == [PaymentReturned]


def test_another_amount_goes_back_as_it_came(payment: Payment) -> None:
    order = payment.placed()
    payment.notify(order, totalAmount="1")
    payment.look_at_refunds()
    assert [asked.amount for asked in payment.unionpay.asked_back] == [1]
    assert payment.now(order).returned_at == NOW


def test_money_is_owed_while_any_of_it_is_not_back(payment: Payment) -> None:
    order = payment.placed(OrderState.CLOSED)
    payment.notify(order, targetOrderId="transaction-1")
    payment.look_at_refunds()
    payment.unionpay.refunded = SLOW
    payment.notify(order, targetOrderId="transaction-2")
    payment.look_at_refunds()
    assert payment.now(order).refund_due
    assert ordering.get_order(of(order), payment.wiring).failure == failures.PENDING_REFUND
