"""The books as they stand, order by order: for whoever verifies them (services/payment/verify.py).

A few hundred orders are in memory at a time. What is read may have been changed by anybody, so nothing is believed: a
row that cannot be read is told, not raised.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, LargeBinary, Row, Table, func, select, true, type_coerce

from kit.crypto import Unreadable, blind_index
from services.payment.domain.books import Book, Case, Notice, Step
from services.payment.domain.orders import Order, Report
from services.payment.models import (
    CASE_SEAL,
    LINE_SEAL,
    ORDER_SEAL,
    REFUND_SEAL,
    notifies,
    order_history,
    order_lines,
    orders,
    outbox,
    refund_cases,
    refund_history,
    refunds,
)
from services.payment.storage.refunds import refunds_of
from services.payment.storage.rows import IN_ORDER, WITH_LINES, orders_of

_AT_A_TIME = 300
_INDEX = type_coerce(order_lines.c.insured_index, LargeBinary).label("raw_index")
_LINES = select(*(column for column in order_lines.c if column.name != "insured_index"), _INDEX)

ReportOf = Callable[[Mapping[str, str], Order], Report]
"""What a genuine notify says about an order: the adapter's."""


@dataclass(frozen=True)
class UnreadableBook:
    """An order of which a row cannot be read, and why."""

    order_id: str
    why: str


class _Events(NamedTuple):
    order_id: str
    type: str
    count: int
    waiting: int


class BookStorage:
    """Reads whole books inside one snapshot."""

    def __init__(self, report_of: ReportOf) -> None:
        self._report_of = report_of

    def read(
        self, snapshot: Connection, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> Iterator[Book | UnreadableBook]:
        """Every order by its id; or those that were placed, paid, or overpaid from `since` until `until`."""
        concerned = _concerned(since, until)
        events = _Grouped(_events(snapshot, concerned))
        last = ""
        while ids := _next_ids(snapshot, concerned, last):
            told = events.of(ids)
            yield from self._books(snapshot, ids, told)
            last = ids[-1]

    def double_live(self, snapshot: Connection) -> Iterator[Row[tuple[str, str]]]:
        """Two orders that pay for the same insured, insurance type and year at once. A unique index forbids it; it is
        asked for all the same, and that index answers."""
        line = order_lines.c
        subject = (line.insured_index, line.insurance_type, line.year)
        both = func.min(line.order_id), func.max(line.order_id)
        doubled = select(*both).where(line.live).group_by(*subject).having(func.count() > 1)
        yield from snapshot.execute(doubled, execution_options={"yield_per": 1000})

    def stray_events(self, snapshot: Connection) -> Iterator[tuple[str, str]]:
        """Events of orders that are gone: type and aggregate."""
        known = select(orders.c.order_id).where(orders.c.order_id == outbox.c.aggregate).exists()
        found = select(outbox.c.type, outbox.c.aggregate).where(~known)
        for row in snapshot.execute(found, execution_options={"yield_per": 1000}):
            yield row.type, row.aggregate

    def stray_notifies(self, snapshot: Connection) -> Iterator[str]:
        """Numbers UnionPay told us of that no order has."""
        known = select(orders.c.order_id).where(orders.c.mer_order_id == notifies.c.mer_order_id).exists()
        yield from snapshot.execute(select(notifies.c.mer_order_id).where(~known)).scalars()

    def _books(
        self, snapshot: Connection, ids: Sequence[str], events: Mapping[str, list[_Events]]
    ) -> Iterator[Book | UnreadableBook]:
        try:
            books = self._together(snapshot, ids, events)
        except (Unreadable, ValueError) as error:
            if len(ids) == 1:
                yield UnreadableBook(ids[0], f"{type(error).__name__}: {error}")
                return
            for one in ids:  # find the one, and read the others all the same
                yield from self._books(snapshot, [one], events)
            return
        for one in ids:
            yield books.get(one) or UnreadableBook(one, "没有明细")

    def _together(
        self, snapshot: Connection, ids: Sequence[str], events: Mapping[str, list[_Events]]
    ) -> dict[str, Book]:
        """The books of these orders. Raises Unreadable or ValueError for a value storage would not have written."""
        whole = orders_of(snapshot.execute(WITH_LINES.where(orders.c.order_id.in_(ids)).order_by(*IN_ORDER)))
        own = _by_order(snapshot.execute(select(orders).where(orders.c.order_id.in_(ids))))
        lines = _by_order(snapshot.execute(_LINES.where(order_lines.c.order_id.in_(ids))))
        cases = _by_order(snapshot.execute(select(refund_cases).where(refund_cases.c.order_id.in_(ids))))
        back = snapshot.execute(select(refunds).where(refunds.c.order_id.in_(ids))).all()
        back_by, refunds_by = _by_order(back), defaultdict(list)
        for refund in refunds_of(snapshot, back):
            refunds_by[refund.order_id].append(refund)
        steps = _steps(snapshot, order_history, "order_id", ids)
        refund_steps = _steps(snapshot, refund_history, "refund_id", [row.refund_id for row in back])
        notices = self._notices(snapshot, whole)
        return {
            order.order_id: Book(
                order=order,
                live={(line.item, line.line): line.live for line in lines[order.order_id]},
                refunds=tuple(refunds_by[order.order_id]),
                cases=tuple(map(_case, cases[order.order_id])),
                steps=tuple(steps[order.order_id]),
                refund_steps={one.refund_id: tuple(refund_steps[one.refund_id]) for one in refunds_by[order.order_id]},
                events=Counter({one.type: one.count for one in events.get(order.order_id, ())}),
                waiting=Counter({one.type: one.waiting for one in events.get(order.order_id, ())}),
                notices=tuple(notices[order.order_id]),
                altered=tuple(_altered(own, lines, back_by, cases, order.order_id)),
            )
            for order in whole
        }  # fmt: skip

    def _notices(self, snapshot: Connection, whole: Iterable[Order]) -> dict[str, list[Notice]]:
        by_number = {order.mer_order_id: order for order in whole}
        found: dict[str, list[Notice]] = defaultdict(list)
        for row in snapshot.execute(select(notifies).where(notifies.c.mer_order_id.in_(by_number))):
            order = by_number[row.mer_order_id]
            report = self._report_of(json.loads(row.raw), order)
            found[order.order_id].append(Notice(report, row.processed_at is not None))
        return found


class _Grouped:
    """Events in the order of their orders, handed out with the orders."""

    def __init__(self, rows: Iterator[_Events]) -> None:
        self._rows, self._next = rows, next(rows, None)

    def of(self, ids: Sequence[str]) -> dict[str, list[_Events]]:
        wanted, found = set(ids), defaultdict(list)
        while self._next is not None and self._next.order_id in wanted:
            found[self._next.order_id].append(self._next)
            self._next = next(self._rows, None)
        return found


def _events(snapshot: Connection, concerned: ColumnElement[bool]) -> Iterator[_Events]:
    """The outbox has no index by order: it is read once, in the order of the orders."""
    waiting = func.count().filter(outbox.c.published_at.is_(None))
    counted = (
        select(orders.c.order_id, outbox.c.type, func.count(), waiting)
        .join_from(outbox, orders, orders.c.order_id == outbox.c.aggregate)
        .where(concerned)
        .group_by(orders.c.order_id, outbox.c.type)
        .order_by(orders.c.order_id)
    )
    for row in snapshot.execute(counted, execution_options={"yield_per": 1000}):
        yield _Events(*row)


def _next_ids(snapshot: Connection, concerned: ColumnElement[bool], last: str) -> Sequence[str]:
    after = select(orders.c.order_id).where(orders.c.order_id > last, concerned)
    return snapshot.execute(after.order_by(orders.c.order_id).limit(_AT_A_TIME)).scalars().all()


def _concerned(since: dt.datetime | None, until: dt.datetime | None) -> ColumnElement[bool]:
    if since is None or until is None:
        return true()
    case = refund_cases.c
    came = func.coalesce(case.paid_at, case.opened_at)
    overpaid = select(case.order_id).where(came >= since, came < until)
    placed, paid = orders.c.created_at, orders.c.paid_at
    of_day = (placed >= since) & (placed < until) | (paid >= since) & (paid < until)
    return of_day | orders.c.order_id.in_(overpaid)


def _altered(
    own: Mapping[str, list[Row[Any]]], lines: Mapping[str, list[Row[Any]]], back: Mapping[str, list[Row[Any]]],
    cases: Mapping[str, list[Row[Any]]], order_id: str,
) -> Iterator[str]:  # fmt: skip
    for table, seal, rows in (
        ("orders", ORDER_SEAL, own), ("order_lines", LINE_SEAL, lines), ("refunds", REFUND_SEAL, back),
        ("refund_cases", CASE_SEAL, cases),
    ):  # fmt: skip
        for row in rows[order_id]:
            if not seal.holds(row._mapping):
                yield f"{table} {_name(row)}{'没有封印' if row.seal is None else ''}".rstrip()
    for row in lines[order_id]:
        if bytes(row.raw_index) != blind_index("insured", f"{row.insured_type}:{row.insured_number}"):
            yield f"order_lines {_name(row)}的索引不是被缴费人的"


def _name(row: Row[Any]) -> str:
    """Which of its order's rows it is."""
    named = row._mapping
    if "refund_id" in named:
        return f"{row.refund_id}"
    return f"{row.item + 1}-{row.line + 1}" if "item" in named else str(named.get("transaction_id") or "")


def _case(row: Row[Any]) -> Case:
    return Case(row.reason, row.transaction_id, row.amount, row.paid_at, row.opened_at, row.closed_at)


def _steps(snapshot: Connection, table: Table, key: str, ids: Sequence[str]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    t = table.c
    wanted = select(t[key], t.at, t.from_state, t.trigger, t.to_state).where(t[key].in_(ids)).order_by(t.id)
    for owner, *step in snapshot.execute(wanted) if ids else ():
        found[owner].append(Step(*step))
    return found


def _by_order(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.order_id].append(row)
    return found
