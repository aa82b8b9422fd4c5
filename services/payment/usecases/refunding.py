"""Use cases of refunds: asked for by staff and the tax core, brought to their end by us (3.2.1.12(3), design.md §5).

A refund is committed before UnionPay is told of it, and carries its number from the beginning: whoever dies in between
leaves a row that is due again, and then UnionPay is asked what became of the number before it is asked for money.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contract.errors import InvalidInput
from contract.payment import IdempotencyConflict, OrderNotFound, OrderState
from contract.refunds import (
    LONGEST_REASON,
    ListRefunds,
    OrderNotRefundable,
    PartRefunded,
    RefundNamed,
    RefundNotFound,
    RefundNotRetryable,
    RefundOrigin,
    RefundRequested,
    Refunds,
    RefundState,
    RefundView,
    RequestRefund,
    RetryRefund,
)
from services.payment.domain import orders as domain
from services.payment.domain import refunds
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus
from services.payment.usecases import acts, placing, views
from services.payment.usecases.wiring import LEASE, Wiring

_LONGEST_ID = 64

_log = logging.getLogger(__name__)


def request_refund(request: RequestRefund, w: Wiring) -> RefundView:
    """Begin a refund that staff ask for; the same key and body give the same refund again.

    Raises InvalidInput, OrderNotFound, OrderNotRefundable, PartNotFound, PartRefunded, IdempotencyConflict.
    """
    with w.database.transaction() as tx:
        if w.orders.get(tx, request.order_id) is None:
            raise OrderNotFound()
        order = w.orders.lock(tx, request.order_id)
        refund = _begin(tx, order, request, RefundOrigin.STAFF, w)
    return views.refund_view(order, refund)


def take_request(tx: Any, event: RefundRequested, w: Wiring) -> None:
    """Begin a refund that the tax core asks for, in the transaction that takes its event. Raises as request_refund
    does: the event is tried again, and then waits for an operator (kit.parking)."""
    order = w.orders.lock_by_number(tx, event.order_number)
    if order is None:
        raise OrderNotFound()
    request = RequestRefund(event.operator, order.order_id, event.reason, event.request_id, event.parts)
    _begin(tx, order, request, RefundOrigin.TAX_CORE, w)


def _begin(tx: Any, order: Order, request: RequestRefund, origin: RefundOrigin, w: Wiring) -> Refund:
    """Commit a refund and what it means for its order, whose row lock the caller holds."""
    known: Refund | None = w.refunds.by_key(tx, origin, request.idempotency_key)
    if known is not None:
        if known.body_hash != placing.refund_hash(request):
            raise IdempotencyConflict()
        return known
    _check_texts(request)
    if order.state not in domain.REFUNDABLE:
        raise OrderNotRefundable()
    now = w.clock.now()
    refund = placing.new_refund(order, request, origin, w.config, now)
    if not w.refunds.add(tx, refund):
        raise PartRefunded()  # by the constraint, should the lock ever not have kept it away
    w.journal.add(tx, acts.refund_wanted(refund), now, [w.refunds.written(refund)])
    _move_order(tx, order, Trigger.REFUND_BEGUN, refund, w)
    return refund


def _check_texts(request: RequestRefund) -> None:
    if not 0 < len(request.reason.strip()) <= LONGEST_REASON:
        raise InvalidInput(f"请填写退费原因，不超过{LONGEST_REASON}个字。", field="reason")
    if not 0 < len(request.operator.operator_id) <= _LONGEST_ID or not request.operator.name:
        raise InvalidInput("请填写操作人的工号和姓名。", field="operator")
    if not 0 < len(request.idempotency_key) <= _LONGEST_ID:
        raise InvalidInput("请填写不超过64个字符的申请编号。", field="idempotency_key")


def get_refund(request: RefundNamed, w: Wiring) -> RefundView:
    """A refund as staff see it. Raises RefundNotFound."""
    with w.database.read() as connection:
        refund = w.refunds.find(connection, request.refund_id)
        if refund is None:
            raise RefundNotFound()
        return views.refund_view(w.orders.get(connection, refund.order_id), refund)


def list_refunds(request: ListRefunds, w: Wiring, reach: str = "") -> Refunds:
    """The newest refunds, of one order or in one state if named, of orders within a reach."""
    with w.database.read() as connection:
        found = w.refunds.latest(connection, request.order_id, request.state, min(request.limit, 200), reach)
        return Refunds(tuple(views.refund_view(w.orders.get(connection, one.order_id), one) for one in found))


def retry_refund(request: RetryRefund, w: Wiring) -> RefundView:
    """Try a failed refund again; one that is under way stays as it is. Raises RefundNotFound, RefundNotRetryable."""
    with w.database.read() as connection:
        known = w.refunds.find(connection, request.refund_id)
    if known is None:
        raise RefundNotFound()
    now = w.clock.now()
    with w.database.transaction() as tx:
        order = w.orders.lock(tx, known.order_id)
        refund: Refund = w.refunds.find(tx, request.refund_id)
        if refund.state is RefundState.REFUNDED:
            raise RefundNotRetryable()
        if refund.state is RefundState.FAILED:
            number = placing.unionpay_number(w.config.unionpay_source_number, now)
            again = refunds.retried(refund, number, now)
            w.refunds.move(tx, again)
            retried = RefundReport(RefundStatus.RETRIED)
            w.refunds.note(tx, refund, again, retried, now, request.operator.operator_id)
            act = acts.refund_retried(refund, request.operator.operator_id)
            w.journal.add(tx, act, now, [w.refunds.written(again)])
            refund = again
    return views.refund_view(order, refund)


def claim_due(w: Wiring, limit: int) -> Sequence[Refund]:
    """Refunds whose next action is due, kept from other pollers for a while."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        found: Sequence[Refund] = w.refunds.claim_due(tx, now, now + LEASE, limit)
    return found


def look_at(refund: Refund, w: Wiring) -> None:
    """Bring a refund one step on: ask UnionPay for it, or what became of it. Its poller has claimed it."""
    with w.database.read() as connection:
        order = w.orders.get(connection, refund.order_id)
    report = None if refund.state is RefundState.FAILED else _ask(order, refund, w)
    with w.database.transaction() as tx:
        order = w.orders.lock(tx, refund.order_id)
        now: Refund = w.refunds.find(tx, refund.refund_id)
        if now.refund_order_id != refund.refund_order_id:
            return  # staff tried again meanwhile: what was said is of the number before
        if report is not None:
            _settle(tx, order, now, report, w)
        elif now.state is RefundState.FAILED:
            _log.error("a failed refund waits for staff", extra={"refund_id": refund.refund_id})
            w.refunds.move(tx, replace(now, next_action_at=refunds.next_look(now, w.clock.now())))


def _ask(order: Order, refund: Refund, w: Wiring) -> RefundReport:
    """What became of the refund; UnionPay is asked for the money unless it says that it has the refund already."""
    known = w.unionpay.query_refund(order, refund) if refund.asked_before else None
    if known is None or known.status is RefundStatus.REFUSED:
        return w.unionpay.refund(order, refund)  # under the same number it never gives back twice
    return known


def _settle(tx: Any, order: Order, before: Refund, report: RefundReport, w: Wiring) -> None:
    """Act on what UnionPay said of a refund, inside the transaction that holds the order's row lock."""
    now = w.clock.now()
    edge = refunds.REFUND_EDGES.get((before.state, report.status))
    if edge is None:
        w.refunds.move(tx, replace(before, next_action_at=refunds.next_look(before, now)))
        return
    after = replace(before, state=edge.to, attempts=0)
    if edge.to is RefundState.REFUNDED:
        after = replace(after, refunded_at=now)
    elif edge.to is RefundState.FAILED:
        after = replace(after, failure=report.status.value)
        failed = {"refund_id": before.refund_id, "failure": report.status.value}
        _log.error("a refund failed and waits for staff", extra=failed)
    after = replace(after, next_action_at=refunds.next_look(after, now))
    w.refunds.move(tx, after)
    w.refunds.note(tx, before, after, report, now)
    w.journal.add(tx, acts.refund_moved(before, edge.to), now, [w.refunds.written(after)])
    if edge.to is RefundState.REFUNDED:
        _complete(tx, order, after, w)


def _complete(tx: Any, order: Order, refund: Refund, w: Wiring) -> None:
    """The money is on its way back: say so, and end what it paid for."""
    now = w.clock.now()
    if refund.case is not None:
        paid_at = w.refunds.close_case(tx, refund, now)
        rows = [w.refunds.case(tx, refund.order_id, refund.transaction_id)]
        w.journal.add(tx, acts.refund_moved(refund, refund.state), now, rows)
        w.outbox.add(tx, views.returned(order, refund, paid_at), order.order_id, now)
        return
    w.refunds.end_lines(tx, refund)
    for part in refunds.parts_of(order, refund):
        w.outbox.add(tx, views.refunded(order, part, refund), order.order_id, now)
    left = w.orders.lock(tx, order.order_id)
    under_way = any(one.refunded_at is None for item in left.items for one in item.refunds)
    if not under_way:
        paid = any(item.free for item in left.items)
        _move_order(tx, left, Trigger.PARTLY_REFUNDED if paid else Trigger.ALL_REFUNDED, refund, w)


def _move_order(tx: Any, order: Order, trigger: Trigger, refund: Refund, w: Wiring) -> None:
    """Follow an edge of the order that a refund of its own causes; what was paid, and when, stays."""
    edge = domain.EDGES.get((order.state, trigger))
    if edge is None:
        assert order.state is OrderState.REFUNDING, "a second refund of other lines"
        return
    report = Report(trigger, "refund", order.transaction_id or "", order.paid_at, refund.amount)
    now, moved = w.clock.now(), w.orders.move(tx, order, edge, report, None)
    w.orders.note(tx, order, edge.to, report, now, refund_id=refund.refund_id)
    w.journal.add(tx, acts.moved(order, edge.to, trigger.value, acts.US), now, moved)
