"""Placing, asking about, polling and closing orders: one function per business action."""

from __future__ import annotations

import datetime as dt
import heapq
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from contract.audit import resident
from contract.events import Envelope, EventData, UnfitEvent
from contract.paid import FindLiveOrder, ListPaid, LiveOrder, PaidContributions
from contract.payment import (
    CloseNotConfirmed,
    IdempotencyConflict,
    ListOrders,
    LiveOrderExists,
    OrderNotFound,
    OrderNotPayable,
    OrderOfPayer,
    OrderPlaced,
    Orders,
    OrderState,
    OrderView,
    PaymentFailed,
    PaymentSucceeded,
    PlaceOrder,
    QuoteExpired,
    QuoteUsed,
)
from kit.database import Duplicate, Writer
from services.payment.domain import orders as domain
from services.payment.domain.external import ExternalEvent, lines_of
from services.payment.domain.orders import Edge, Order, RefundReason, Report, Trigger
from services.payment.usecases import acts, placing, views
from services.payment.usecases.wiring import LEASE, Wiring

_log = logging.getLogger(__name__)


def place_order(request: PlaceOrder, w: Wiring) -> OrderPlaced:
    """Turn sealed quotes into an order, committed with its event before the payer can reach UnionPay.

    The same key and body give the same order again. Raises QuoteForged, QuoteExpired, QuoteUsed, ItemRepeated,
    TooManyItems, IdempotencyConflict, LiveOrderExists.
    """
    now = w.clock.now()
    quotes = placing.open_quotes(request, w.seal)
    order = placing.new_order(request, quotes, w.config, now)
    domain.check_items(order.items)
    expired = next((place for place, quote in enumerate(quotes) if now >= quote.expires_at), None)
    if expired is None and _stored(order, w, now):
        return OrderPlaced(order.order_id, w.unionpay.payment_page(order))
    with w.database.read() as connection:
        blocker = w.orders.blocker(connection, order)
    if blocker is not None:
        return _placed_before(blocker, order, w)
    if expired is not None:
        raise QuoteExpired(item=expired)
    return place_order(request, w)  # what stood in the way ended between the two looks


def _stored(order: Order, w: Wiring, now: dt.datetime) -> bool:
    """Whether the order and its event are committed; else nothing is."""
    try:
        with w.database.write() as tx:
            rows = w.orders.add(tx, order)
            w.outbox.add(tx, views.placed(order), order.order_id, now)
            w.journal.add(tx, acts.placed(order), now, rows)
    except Duplicate:
        return False
    return True


def _placed_before(blocker: Any, order: Order, w: Wiring) -> OrderPlaced:
    known = blocker.order
    own = {"order_id": known.order_id} if known.payer_id == order.payer_id else {}
    if not blocker.same_key:
        raise (QuoteUsed if blocker.same_quote else LiveOrderExists)(item=blocker.item, **own)
    if known.body_hash != order.body_hash:
        raise IdempotencyConflict(**own)
    return OrderPlaced(known.order_id, _way_on(known, w))


def _way_on(order: Order, w: Wiring) -> str:
    """UnionPay's page while the order can be paid, else our own page that says what became of it."""
    if order.waiting and w.clock.now() < order.expires_at:
        return w.unionpay.payment_page(order)
    return w.config.unionpay_return_url + order.order_id


def get_order(request: OrderOfPayer, w: Wiring) -> OrderView:
    """The order as stored. Raises OrderNotFound."""
    return views.view_of(_find(request, w), w.config)


def list_orders(request: ListOrders, w: Wiring) -> Orders:
    """The payer's latest orders."""
    with w.database.read() as connection:
        latest = w.orders.latest(connection, request.payer_id, min(request.limit, 100))
    return Orders(tuple(views.view_of(order, w.config) for order in latest))


def list_paid(request: ListPaid, w: Wiring) -> PaidContributions:
    """What was paid for a person, whoever paid, here or through another tax system. Who names another number or name
    finds nothing."""
    keys = w.config.publishers.keys_of(request.insured)
    with w.database.read() as connection:
        orders = w.orders.paid_for(connection, request.insured, request.since, request.until)
        elsewhere = w.external.paid_for(connection, keys, request.since, request.until) if keys else ()
    ours = (line for order in orders for line in views.paid_contributions(order))
    return PaidContributions(tuple(heapq.merge(ours, elsewhere, key=lambda paid: paid.paid_at)))


def record_external(tx: Any, event: ExternalEvent, envelope: Envelope, w: Wiring) -> None:
    """Take in what another tax system told (docs/adr/0019). Raises UnfitEvent."""
    if not w.config.publishers.know(envelope.source):
        raise UnfitEvent("the source has no key in PUBLISHER_KEYS")
    for line in sorted(lines_of(event, envelope), key=lambda line: line.line_key):
        w.external.keep(tx, line, w.clock.now())


def find_live_order(request: FindLiveOrder, w: Wiring) -> LiveOrder:
    """Whether an order of anybody keeps others away from this person, insurance type and year."""
    with w.database.read() as connection:
        return LiveOrder(w.orders.has_live(connection, request.insured, request.insurance_type, request.year))


def resume_payment(request: OrderOfPayer, w: Wiring) -> OrderPlaced:
    """The way back to UnionPay's page of an order that waits for its payer. Raises OrderNotPayable."""
    order = _find(request, w)
    if not order.waiting or w.clock.now() >= order.expires_at:
        raise OrderNotPayable()
    return OrderPlaced(order.order_id, w.unionpay.payment_page(order))


def check_order(request: OrderOfPayer, w: Wiring) -> OrderView:
    """Ask UnionPay now, unless somebody just has: the payer is back and the notify may be lost."""
    order = _find(request, w)
    if order.waiting:
        now = w.clock.now()
        with w.database.transaction() as tx:
            claimed = w.orders.claim(tx, order, now, now + LEASE)
        if claimed:
            look_at(order, w)
            seen, order = order, _find(request, w)
            if order.state is seen.state:
                # Who watches the page does not make us look more rarely once it is closed.
                with w.database.transaction() as tx:
                    w.orders.look_as_planned(tx, seen)
    return views.view_of(order, w.config)


def close_order(request: OrderOfPayer, w: Wiring) -> OrderView:
    """The payer gives the order up. It is closed only when UnionPay says that it cannot be paid any more; if it
    turns out to be paid, it is paid. Raises CloseNotConfirmed, OrderNotPayable."""
    order = _find(request, w)
    if order.state is OrderState.CLOSED:
        return views.view_of(order, w.config)
    if not order.waiting:
        raise OrderNotPayable()
    report = w.unionpay.close(order) or Report(Trigger.NEVER_SEEN, "close")
    if report.trigger in (Trigger.SHUT, Trigger.NEVER_SEEN):
        report = replace(report, failure_code="closed_by_payer")
    _settle(order, report, w, resident(request.payer_id))
    order = _find(request, w)
    if order.waiting:
        raise CloseNotConfirmed()
    return views.view_of(order, w.config)


def look_at(order: Order, w: Wiring) -> None:
    """Ask UnionPay what became of a waiting order and act on the answer. Its poller has claimed it."""
    report = w.unionpay.query(order)
    overdue = domain.overdue(order, w.clock.now())
    if overdue and report is not None and report.trigger is Trigger.AWAITED:
        report = w.unionpay.close(order)
    if report is None:
        # Not yet, while its payer may still arrive; not ever, once its time is over.
        report = Report(
            Trigger.NEVER_SEEN if overdue else Trigger.NOT_OPENED, "query", failure_code="expired"
        )
    if overdue and report.trigger is Trigger.SHUT and report.failure_code == "closed":
        report = replace(report, failure_code="expired")
    _settle(order, report, w)


def claim_due(w: Wiring, limit: int) -> list[Order]:
    """Orders whose next action is due, kept from other pollers for a while."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        return list(w.orders.claim_due(tx, now, now + LEASE, limit))


def _settle(order: Order, report: Report, w: Wiring, by: str = acts.US) -> None:
    with w.database.transaction() as tx:
        apply(tx, w.orders.lock(tx, order.order_id), report, w, by)


def apply(tx: Any, order: Order, report: Report, w: Wiring, by: str = acts.US) -> None:
    """Act on a report inside the transaction that holds the order's row lock; `by` is whose act that is."""
    with w.database.together(tx) as rows:
        follow(tx, rows, order, report, w, by)


def follow(tx: Any, rows: Writer, order: Order, report: Report, w: Wiring, by: str = acts.US) -> None:
    """The same; what follows from it is put down in `rows`, and nobody may read the order before they are written."""
    now = w.clock.now()
    decision = domain.decide(order, report)
    if decision.refund is not None:
        give_back(tx, order, decision.refund, report, w)
    if decision.edge is None:
        if order.next_action_at is not None:
            open_still = order.waiting or report.trigger in domain.UNDECIDED
            w.orders.postpone(tx, order, domain.next_look(order, now) if open_still else None)
        return
    if not order.whole:
        _log.error("an order was changed behind our back", extra={"order_id": order.order_id})
    next_look = domain.next_look(replace(order, attempts=0), now)
    moved = w.orders.move(rows, order, decision.edge, report, next_look)
    if last_look := domain.last_look(order, report.trigger, now):
        w.orders.look_again(rows, order, last_look)
    w.journal.add(rows, acts.moved(order, decision.edge.to, report.trigger.value, by), now, moved)
    w.orders.note(rows, order, decision.edge.to, report, now)
    for event in _events(decision.edge, order, report, w):
        w.outbox.add(rows, event, order.order_id, now)


def give_back(tx: Any, order: Order, reason: RefundReason, report: Report, w: Wiring) -> bool:
    """Open a refund case for money that is not the order's, and begin its refund; False when that transaction has one.
    The caller holds the order's row lock."""
    now = w.clock.now()
    if not w.orders.open_refund_case(tx, order, reason, report, now):
        return False
    _log.error("money to be returned", extra={"order_id": order.order_id, "reason": reason.value})
    w.orders.note(tx, order, order.state, report, now, refund=reason.value, amount=report.amount)
    refund = placing.new_return(order, reason, report, w.config, now)
    w.refunds.add(tx, refund)
    rows = [w.refunds.case(tx, order.order_id, report.transaction_id), w.refunds.written(refund)]
    w.journal.add(tx, acts.refund_wanted(refund), now, rows)
    return True


def _events(edge: Edge, order: Order, report: Report, w: Wiring) -> Iterator[EventData]:
    """What a change announces: one event for each item."""
    for item in order.items:
        if edge.event is PaymentSucceeded:
            yield views.succeeded(order, item, report, w.config)
        elif edge.event is PaymentFailed:
            yield views.failed(order, item, report, w.clock.now())


def _find(request: OrderOfPayer, w: Wiring) -> Order:
    with w.database.read() as connection:
        order: Order | None = w.orders.find(connection, request.order_id, request.payer_id)
        foreign = order is None and w.orders.get(connection, request.order_id) is not None
    if foreign:
        with w.database.transaction() as tx:
            w.journal.add(tx, acts.foreign(request), w.clock.now())
    if order is None:
        raise OrderNotFound()
    return order
