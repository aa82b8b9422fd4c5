"""Orders with their lines, their history and refund cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update

from contract.insurance import InsuranceType
from contract.payment import OrderState
from contract.people import Person
from kit.audit.mending import mend
from kit.database import Writer, insert_or_ignore
from kit.seals import SealedRow
from services.payment.domain.orders import (
    FINAL,
    LIVE,
    MIN_BETWEEN_LOOKS,
    REFUNDABLE,
    Edge,
    Item,
    Order,
    RefundReason,
    Report,
    document_of,
)
from services.payment.models import (
    CASE_SEAL,
    LINE_SEAL,
    ORDER_SEAL,
    order_history,
    order_lines,
    orders,
    refund_cases,
)
from services.payment.storage.notifies import NotifyRows
from services.payment.storage.rows import IN_ORDER, WITH_LINES, line_rows, order_row, orders_of

# Built once and given their values as parameters: on the paths every payment takes, building costs more than asking.
_ADD, _ADD_LINE, _NOTE = insert(orders), insert(order_lines), insert(order_history).inline()
_OF_PAYER = WITH_LINES.where(
    orders.c.order_id == bindparam("order_id"), orders.c.payer_id == bindparam("payer_id")
).order_by(*IN_ORDER)
_GET = WITH_LINES.where(orders.c.order_id == bindparam("order_id")).order_by(*IN_ORDER)
_LOCK = _GET.with_for_update(of=orders)
_LOCK_BY_NUMBER = (
    WITH_LINES.where(orders.c.mer_order_id.in_(bindparam("numbers", expanding=True)))
    .order_by(*IN_ORDER)
    .with_for_update(of=orders)
)
_MOVED = ("state", "attempts", "next_action_at", "paid_at", "transaction_id", "failure_code", "seal")
_MOVE = (
    update(orders)
    .where(orders.c.order_id == bindparam("moved"))
    .values({name: bindparam(name) for name in _MOVED})
)
_LOOK_AGAIN = (
    update(orders)
    .where(orders.c.order_id == bindparam("moved"))
    .values(next_action_at=bindparam("next_action_at"))
)
_REVIVE_LINES = (
    update(order_lines).where(order_lines.c.order_id == bindparam("moved")).values(live=bindparam("alive"))
)
_REFUNDABLE = sorted(REFUNDABLE)


class Blocker(NamedTuple):
    """The order that stands in a new order's way; and which of its items it stops, where it is not the whole order."""

    order: Order
    same_key: bool
    same_quote: bool
    item: int = 0


class NotFinal(NamedTuple):
    """The orders in one state that is not final."""

    number: int
    oldest: dt.datetime


class OrderStorage(NotifyRows):
    """Orders and their notifies; every method works inside the caller's transaction."""

    def add(self, tx: Writer, order: Order) -> list[SealedRow]:
        """Insert a new order, and give its sealed rows. Duplicate: its key, a quote or an insured of it has one."""
        whole, lines = order_row(order), line_rows(order)
        tx.execute(_ADD, whole)
        for line in lines:
            tx.execute(_ADD_LINE, line)
        return [ORDER_SEAL.written(whole), *map(LINE_SEAL.written, lines)]

    def blocker(self, tx: Connection, order: Order) -> Blocker | None:
        """Why `add` refused: the same key before the same quote before another live order, the first item first."""
        same_key = (orders.c.payer_id == order.payer_id) & (orders.c.idempotency_key == order.idempotency_key)
        if found := _first(tx, same_key):
            return Blocker(found, same_key=True, same_quote=False)
        for condition in (_same_quote, _same_subject):
            for number, item in enumerate(order.items):
                if found := _first(tx, condition(item)):
                    return Blocker(found, False, condition is _same_quote, number)
        return None

    def find(self, tx: Connection, order_id: str, payer_id: str) -> Order | None:
        """An order of this payer."""
        return _one(tx, _OF_PAYER, order_id=order_id, payer_id=payer_id)

    def get(self, tx: Connection, order_id: str) -> Order | None:
        """An order, whoever's: for staff, and for what we do of our own accord."""
        return _one(tx, _GET, order_id=order_id)

    def latest(self, tx: Connection, payer_id: str, limit: int) -> Sequence[Order]:
        """The payer's orders, newest first."""
        newest = orders.c.created_at.desc()
        mine = select(orders.c.order_id).where(orders.c.payer_id == payer_id).order_by(newest).limit(limit)
        found = WITH_LINES.where(orders.c.order_id.in_(mine)).order_by(newest, *IN_ORDER)
        return orders_of(tx.execute(found))

    def paid_for(self, tx: Connection, insured: Person, since: int, until: int) -> Sequence[Order]:
        """Paid orders for a person of that number and name, in the order they were paid, each with no more than the
        lines for this person and these years whose money has not gone back."""
        lines = order_lines.c
        paid = WITH_LINES.where(
            lines.insured_index == document_of(insured), lines.live,
            lines.year.between(since, until), orders.c.state.in_(_REFUNDABLE),
        )  # fmt: skip
        found = tx.execute(paid.order_by(orders.c.paid_at, *IN_ORDER))
        return orders_of(row for row in found if row.insured_name == insured.name)

    def has_live(self, tx: Connection, insured: Person, insurance_type: InsuranceType, year: int) -> bool:
        """Whether a live line pays for this person, insurance type and year."""
        lines = order_lines.c
        live = select(lines.order_id).where(
            lines.insured_index == document_of(insured), lines.live,
            lines.insurance_type == insurance_type.value, lines.year == year,
        )  # fmt: skip
        return tx.execute(live).first() is not None

    def lock(self, tx: Connection, order_id: str) -> Order:
        """The order, its row locked until the transaction ends."""
        order = _one(tx, _LOCK, order_id=order_id)
        assert order is not None, "orders are never deleted"
        return _mended(tx, order)

    def lock_by_number(self, tx: Connection, mer_order_id: str) -> Order | None:
        """The order UnionPay speaks of, locked."""
        return self.lock_by_numbers(tx, [mer_order_id]).get(mer_order_id)

    def lock_by_numbers(self, tx: Connection, numbers: Sequence[str]) -> dict[str, Order]:
        """The orders UnionPay speaks of by their numbers, locked in one order everywhere."""
        found = orders_of(tx.execute(_LOCK_BY_NUMBER, {"numbers": list(numbers)}))
        return {order.mer_order_id: _mended(tx, order) for order in found}

    def claim_due(self, tx: Connection, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Order]:
        """Orders whose next action is due, pushed to `until` so that no other replica takes them meanwhile."""
        earliest = orders.c.next_action_at
        due = select(orders.c.order_id).where(earliest <= now).order_by(earliest).limit(limit)
        ids = tx.execute(due.with_for_update(skip_locked=True)).scalars().all()
        if not ids:
            return []
        ours = orders.c.order_id.in_(ids)
        found = orders_of(tx.execute(WITH_LINES.where(ours).order_by(earliest, *IN_ORDER)))
        tx.execute(update(orders).where(ours).values(next_action_at=until, looked_at=now))
        return found

    def claim(self, tx: Connection, order: Order, now: dt.datetime, until: dt.datetime) -> bool:
        """Take one waiting order for a question to UnionPay now; False when somebody has just asked."""
        rested = orders.c.looked_at.is_(None) | (orders.c.looked_at <= now - MIN_BETWEEN_LOOKS)
        free = update(orders).where(
            orders.c.order_id == order.order_id, orders.c.next_action_at.is_not(None), rested
        )
        return bool(tx.execute(free.values(next_action_at=until, looked_at=now)).rowcount == 1)

    def move(
        self, tx: Writer, order: Order, edge: Edge, report: Report, next_action_at: dt.datetime | None
    ) -> list[SealedRow]:
        """Follow an edge, and give the order as it is sealed then, if it is; lines live and end with their order,
        unless they were refunded before. The caller holds the row's lock."""
        paid, final = edge.to is OrderState.PAID, edge.to in FINAL
        moved = replace(
            order, state=edge.to, attempts=0, next_action_at=None if final else next_action_at,
            paid_at=report.paid_at if paid else order.paid_at,
            transaction_id=report.transaction_id if paid else order.transaction_id,
            failure_code=report.failure_code if final and not paid else order.failure_code,
        )  # fmt: skip
        row = order_row(moved)
        tx.execute(_MOVE, {"moved": order.order_id, **{name: row[name] for name in _MOVED}})
        alive = edge.to in LIVE
        if alive is not (order.state in LIVE):
            tx.execute(_REVIVE_LINES, {"moved": order.order_id, "alive": alive})
        return [ORDER_SEAL.written(row)] if order.whole else []

    def note(
        self, tx: Writer, order: Order, to: OrderState, report: Report, now: dt.datetime, **detail: Any
    ) -> None:
        """A line of the order's history."""
        tx.execute(
            _NOTE,
            {"order_id": order.order_id, "at": now, "from_state": order.state.value, "trigger": report.trigger.value,
             "to_state": to.value, "source": report.source, "detail": detail},
        )  # fmt: skip

    def postpone(self, tx: Connection, order: Order, next_action_at: dt.datetime | None) -> None:
        """Nothing new: look again later or never, unless it has ended meanwhile."""
        later = update(orders).where(
            orders.c.order_id == order.order_id, orders.c.next_action_at.is_not(None)
        )
        tx.execute(later.values(next_action_at=next_action_at, attempts=order.attempts + 1))

    def look_as_planned(self, tx: Connection, order: Order) -> None:
        """Look again when that was planned for before a look out of turn, unless the order has ended meanwhile."""
        planned = {"next_action_at": order.next_action_at, "attempts": order.attempts}
        waits = update(orders).where(
            orders.c.order_id == order.order_id, orders.c.next_action_at.is_not(None)
        )
        tx.execute(waits.values(planned))

    def look_again(self, tx: Writer, order: Order, at: dt.datetime) -> None:
        """Look at an order that has ended once more."""
        tx.execute(_LOOK_AGAIN, {"moved": order.order_id, "next_action_at": at})

    def open_refund_case(
        self, tx: Connection, order: Order, reason: RefundReason, report: Report, now: dt.datetime
    ) -> bool:
        """Record money that must go back; False when this transaction has its case already, be it closed."""
        case = {
            "order_id": order.order_id, "reason": reason.value, "transaction_id": report.transaction_id,
            "amount": report.amount, "paid_at": report.paid_at, "opened_at": now,
        }  # fmt: skip
        opened = insert_or_ignore(tx, refund_cases, **CASE_SEAL.onto(case))
        if opened:
            tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(refund_due=True))
        return opened

    def not_final(self, connection: Connection) -> dict[str, NotFinal]:
        """How many orders are in each state that is not final and when the oldest was placed, for metrics."""
        states = orders.c.state.not_in([state.value for state in FINAL])
        counts = select(orders.c.state, func.count(), func.min(orders.c.created_at)).where(states)
        found = connection.execute(counts.group_by(orders.c.state))
        return {state: NotFinal(number, oldest) for state, number, oldest in found}


def _one(tx: Connection, statement: Select[Any], **values: str) -> Order | None:
    return next(iter(orders_of(tx.execute(statement, values))), None)


def _mended(tx: Connection, order: Order) -> Order:
    """An order whose row somebody changed behind our back, as the journal has it; as it is where that has nothing."""
    if order.whole or not mend(tx, ORDER_SEAL, (order.order_id,), f"order:{order.order_id}"):
        return order
    return _one(tx, _GET, order_id=order.order_id) or order


def _first(tx: Connection, condition: ColumnElement[bool]) -> Order | None:
    """One whole order of which a line meets the condition."""
    named = (
        select(orders.c.order_id)
        .join(order_lines, order_lines.c.order_id == orders.c.order_id)
        .where(condition)
        .limit(1)
        .scalar_subquery()
    )
    return _one(tx, WITH_LINES.where(orders.c.order_id == named).order_by(*IN_ORDER))


def _same_quote(item: Item) -> ColumnElement[bool]:
    return order_lines.c.quote_id == item.quote_id


def _same_subject(item: Item) -> ColumnElement[bool]:
    document, insurance_type, _ = item.subjects[0]
    return (
        (order_lines.c.insured_index == document)
        & (order_lines.c.insurance_type == insurance_type.value)
        & order_lines.c.year.in_(item.years)
        & order_lines.c.live
    )
