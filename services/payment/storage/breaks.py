"""Breaks: as a run leaves them, as operators look for them, and everything that was done about them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, update

from contract.reconciliation import BreakKind, BreakState, ListBreaks, Party
from kit.database import insert_or_ignore
from services.payment.models import order_lines, orders
from services.payment.models import reconciliation_breaks as breaks
from services.payment.models import reconciliation_history as history
from services.payment.reconciliation.comparing import Past
from services.payment.storage.rows import within

KEY = ("day", "mid", "party", "kind", "mer_order_id", "item")
"""What makes a break the same break."""

_FIRST_LINE = and_(
    order_lines.c.order_id == orders.c.order_id, order_lines.c.item == 0, order_lines.c.line == 0
)
_WITH_PEOPLE = (
    select(breaks, orders.c.payer_name, order_lines.c.insured_name)
    .outerjoin(orders, orders.c.mer_order_id == breaks.c.mer_order_id)
    .outerjoin(order_lines, _FIRST_LINE)
)
"""A break and whose order it is about: the names are masked by whoever shows them."""


class BreakStorage:
    """The tables of breaks and of their history."""

    def past(self, connection: Connection, numbers: Iterable[str]) -> dict[str, list[Past]]:
        """What earlier runs left of these orders."""
        found: dict[str, list[Past]] = defaultdict(list)
        for row in connection.execute(select(breaks).where(breaks.c.mer_order_id.in_(list(numbers)))):
            kind, party = BreakKind(row.kind), Party(row.party)
            found[row.mer_order_id].append(Past(row.day, party, kind, row.item, row.closed_day))
        return found

    def of_day(self, tx: Connection, day: dt.date) -> dict[tuple[Any, ...], Row[Any]]:
        """All breaks of a day by what makes them the same."""
        rows = tx.execute(select(breaks).where(breaks.c.day == day))
        return {tuple(getattr(row, name) for name in KEY): row for row in rows}

    def add(self, tx: Connection, rows: Sequence[Mapping[str, Any]], now: dt.datetime, why: str) -> None:
        """New breaks, each with the beginning of its history."""
        for row in rows:
            statement = breaks.insert().values(**row).returning(breaks.c.break_id)
            self.note(tx, tx.execute(statement).scalar_one(), now, "", "opened", why)

    def seen(self, tx: Connection, break_ids: Sequence[int], run_id: int) -> None:
        """The run has found them again."""
        for some in _parts(break_ids):
            tx.execute(update(breaks).where(breaks.c.break_id.in_(some)).values(last_run=run_id))

    def reopen(self, tx: Connection, row: Row[Any], now: dt.datetime, why: str) -> None:
        """A run had closed it, and it is there again."""
        again = {"state": BreakState.OPEN.value, "closed_at": None, "closed_day": None, "reason": ""}
        tx.execute(update(breaks).where(breaks.c.break_id == row.break_id).values(again))
        self.note(tx, row.break_id, now, "", "reopened", why)

    def settle(self, tx: Connection, row: Row[Any], day: dt.date, now: dt.datetime, why: str) -> None:
        """A run of `day` closes it."""
        done = {"state": BreakState.CLOSED.value, "closed_at": now, "closed_day": day, "reason": why}
        tx.execute(update(breaks).where(breaks.c.break_id == row.break_id).values(done))
        self.note(tx, row.break_id, now, "", "closed", why)

    def missing(self, tx: Connection, day: dt.date, party: Party, number: str, item: str) -> list[Row[Any]]:
        """What a run of that day missed of an order, closed or not."""
        kinds = (BreakKind.DATE_CUT, BreakKind.MISSING_WITH_UNIONPAY, BreakKind.MISSING_WITH_CORE)
        same = select(breaks).where(
            breaks.c.day == day, breaks.c.party == party.value, breaks.c.mer_order_id == number,
            breaks.c.item == item, breaks.c.kind.in_([kind.value for kind in kinds]),
        )  # fmt: skip
        return list(tx.execute(same))

    def add_closed(self, tx: Connection, row: Mapping[str, Any]) -> None:
        """One that was never open: its day had not been reconciled when it was found on another."""
        insert_or_ignore(tx, breaks, **row)

    def lock(self, tx: Connection, break_id: int) -> Row[Any] | None:
        """The break with the names it is about, its row locked until the transaction ends."""
        one = _WITH_PEOPLE.where(breaks.c.break_id == break_id).with_for_update(of=breaks)
        return tx.execute(one).first()

    def change(
        self, tx: Connection, break_id: int, now: dt.datetime, operator: str, what: str, detail: str, **values: Any
    ) -> None:  # fmt: skip
        """What an operator does about a break, with its line of history. The caller has locked the row."""
        tx.execute(update(breaks).where(breaks.c.break_id == break_id).values(values))
        self.note(tx, break_id, now, operator, what, detail)

    def note(
        self, tx: Connection, break_id: int, now: dt.datetime, operator: str, what: str, detail: str
    ) -> None:
        """One line of history; no operator is the reconciliation itself."""
        tx.execute(
            history.insert(),
            {"break_id": break_id, "at": now, "operator": operator, "what": what, "detail": detail},
        )

    def history(self, connection: Connection, break_id: int) -> list[Row[Any]]:
        """Oldest first."""
        lines = select(history).where(history.c.break_id == break_id).order_by(history.c.id)
        return list(connection.execute(lines))

    def page(self, connection: Connection, wanted: ListBreaks, reach: str = "") -> tuple[list[Row[Any]], int]:
        """Breaks by what is given, oldest first, and how many there are on all pages; with a reach those of orders
        within it alone."""
        fitting = list(_conditions(wanted))
        if reach:
            fitting.append(breaks.c.mer_order_id.in_(select(orders.c.mer_order_id).where(within(reach))))
        total = connection.execute(select(func.count()).select_from(breaks).where(*fitting)).scalar_one()
        some = _WITH_PEOPLE.where(*fitting, breaks.c.break_id > wanted.after).order_by(breaks.c.break_id)
        return list(connection.execute(some.limit(wanted.limit))), total

    def counts(self, connection: Connection, *by: str, day: dt.date | None = None) -> list[tuple[Any, ...]]:
        """How many breaks are not closed, or are of a day, by these columns; the number is the last of each."""
        columns = [breaks.c[name] for name in by]
        waiting = [breaks.c.closed_at.is_(None)] if day is None else [breaks.c.day == day]
        counted = select(*columns, func.count()).where(*waiting).group_by(*columns).order_by(*columns)
        return [tuple(row) for row in connection.execute(counted)]

    def open_days(self, connection: Connection, since: dt.date, until: dt.date) -> set[dt.date]:
        """Days in between that have breaks nobody has closed."""
        waiting = select(breaks.c.day).where(breaks.c.closed_at.is_(None), breaks.c.day.between(since, until))
        return set(connection.execute(waiting.distinct()).scalars())


def _conditions(wanted: ListBreaks) -> Iterator[ColumnElement[bool]]:
    if wanted.day is not None:
        yield breaks.c.day == wanted.day
    for name in ("kind", "party", "state", "owner"):
        value = getattr(wanted, name)
        if value is not None:
            yield breaks.c[name] == str(value)
    if wanted.state is None:
        yield breaks.c.closed_at.is_(None)


def _parts(values: Sequence[int], size: int = 1000) -> Iterator[Sequence[int]]:
    return (values[n : n + size] for n in range(0, len(values), size))
