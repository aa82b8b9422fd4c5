"""Our own books as reconciliation reads them: a day's payments and their lines, and single orders by number.

Nothing personal is read. The day is read page by page, each a read of its own: a cursor would hold one transaction, and
with it PostgreSQL's clean-up, for as long as the comparison takes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, tuple_

from contract.payment import OrderState
from contract.refunds import RefundState
from kit.clock import CHINA, china
from kit.database import Transactions
from services.payment.models import order_lines, orders, refund_cases, refund_lines, refunds
from services.payment.reconciliation.comparing import Known
from services.payment.reconciliation.entries import Entry, Movement, Side, line_item

_PAGE = 4000
_OF_ORDER = (
    orders.c.order_id, orders.c.mer_order_id, orders.c.mid, orders.c.amount, orders.c.state, orders.c.paid_at,
    orders.c.transaction_id, orders.c.channel,
)  # fmt: skip
_OF_LINE = (
    order_lines.c.person_number, order_lines.c.product_code, order_lines.c.year,
    order_lines.c.amount.label("line_amount"), refunds.c.state.label("refund"), refunds.c.refunded_at,
)  # fmt: skip
_LINE_REFUND = (
    (refund_lines.c.order_id == order_lines.c.order_id)
    & (refund_lines.c.item == order_lines.c.item)
    & (refund_lines.c.line == order_lines.c.line)
)
_LINES = (order_lines.c.item, order_lines.c.line)
_PLACE = tuple_(orders.c.paid_at, orders.c.order_id)
_PAID_PAGE = (
    select(*_OF_ORDER)
    .where(orders.c.paid_at >= bindparam("since"), orders.c.paid_at < bindparam("until"))
    .where(tuple_(bindparam("after", type_=orders.c.paid_at.type), bindparam("last")) < _PLACE)
    .order_by(orders.c.paid_at, orders.c.order_id)
    .limit(_PAGE)
    .subquery()
)
_PAID = (
    select(_PAID_PAGE, *_OF_LINE)
    .join(order_lines, order_lines.c.order_id == _PAID_PAGE.c.order_id)
    .outerjoin(refund_lines, _LINE_REFUND)
    .outerjoin(refunds, refunds.c.refund_id == refund_lines.c.refund_id)
    .order_by(_PAID_PAGE.c.paid_at, _PAID_PAGE.c.order_id, *_LINES)
)

_ORDERS = (
    select(*_OF_ORDER, *_OF_LINE)
    .join(order_lines, order_lines.c.order_id == orders.c.order_id)
    .outerjoin(refund_lines, _LINE_REFUND)
    .outerjoin(refunds, refunds.c.refund_id == refund_lines.c.refund_id)
    .order_by(orders.c.order_id, *_LINES)
)
_REFUNDED = select(
    orders,
    refunds.c.refund_id,
    refunds.c.refund_order_id,
    refunds.c.amount.label("returned"),
    refunds.c.refunded_at,
).join(orders, orders.c.order_id == refunds.c.order_id)


def bounds(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """From midnight to midnight in China."""
    since = dt.datetime.combine(day, dt.time(), CHINA)
    return since, since + dt.timedelta(days=1)


class Books:
    """What we say ourselves."""

    def paid(self, database: Transactions, day: dt.date) -> Iterator[Entry]:
        """Every payment of the day by UnionPay's time of payment, and the lines the tax core shall have for it."""
        since, until = bounds(day)
        after, last = since, ""
        while True:
            with database.read() as connection:
                values = {"since": since, "until": until, "after": after, "last": last}
                rows = connection.execute(_PAID, values).all()
            for row, lines in _by_order(rows):
                yield _payment(row)
                yield from (_line(row, line) for line in lines)
            if not rows:
                return
            after, last = rows[-1].paid_at, rows[-1].order_id

    def refunded(self, database: Transactions, day: dt.date) -> Iterator[Entry]:
        """Every refund that was done on the day, whatever it was of, and the lines of other days' payments the tax core
        shall have no more for it."""
        since, until = bounds(day)
        done = _REFUNDED.where(refunds.c.refunded_at >= since, refunds.c.refunded_at < until)
        with database.read() as connection:
            returned = connection.execute(done.order_by(refunds.c.refunded_at, refunds.c.refund_id)).all()
            named = {row.mer_order_id for row in returned if row.paid_at and not since <= row.paid_at < until}
            known = self.known(connection, named)
        yield from (_refund(row)[0] for row in returned)
        for order in known.values():
            yield from (void for void, on in order.voids.values() if on == day)

    def merchants(self, connection: Connection, day: dt.date) -> set[str]:
        """Every mid that took money of ours on the day: an order keeps its merchant, whatever is configured since."""
        since, until = bounds(day)
        taken = select(orders.c.mid).where(orders.c.paid_at >= since, orders.c.paid_at < until).distinct()
        return set(connection.execute(taken).scalars())

    def totals(self, connection: Connection, day: dt.date) -> list[tuple[str, str, int, int]]:
        """Channel, mid, number and sum in fen of what was taken on the day."""
        since, until = bounds(day)
        by = (orders.c.channel, orders.c.mid)
        taken = select(*by, func.count(), func.sum(orders.c.amount)).group_by(*by).order_by(*by)
        rows = connection.execute(taken.where(orders.c.paid_at >= since, orders.c.paid_at < until))
        return [(channel, mid, number, int(amount)) for channel, mid, number, amount in rows]

    def first_day(self, connection: Connection) -> dt.date | None:
        """The day of the first payment ever."""
        first = connection.execute(select(func.min(orders.c.paid_at))).scalar()
        return china(first).date() if first else None

    def known(self, connection: Connection, numbers: Iterable[str]) -> dict[str, Known]:
        """Orders by their merOrderId, paid or not."""
        named = orders.c.mer_order_id.in_(list(numbers))
        rows = connection.execute(_ORDERS.where(named)).all()
        cases = _cases(connection, [row.order_id for row in rows])
        returned: dict[str, dict[str, tuple[Entry, dt.date]]] = defaultdict(dict)
        for row in connection.execute(_REFUNDED.where(named, refunds.c.refunded_at.is_not(None))):
            returned[row.order_id][row.refund_order_id] = _refund(row)
        return {
            row.mer_order_id: _known(
                row, lines, returned[row.order_id], frozenset(cases.get(row.order_id, ()))
            )
            for row, lines in _by_order(rows)
        }


def _known(
    order: Any, lines: Sequence[Any], returned: dict[str, tuple[Entry, dt.date]], cases: frozenset[tuple[str, int]]
) -> Known:  # fmt: skip
    voids = {}
    for row in lines:
        entry = _line(order, row)
        if row.refunded_at:
            on = china(row.refunded_at)
            voids[entry.item] = (
                entry._replace(movement=Movement.VOID, at=f"{on:%Y-%m-%d %H:%M:%S}"),
                on.date(),
            )
    entries = {entry.item: entry for entry in (_line(order, row) for row in lines)}
    paid_on = china(order.paid_at).date() if order.paid_at else None
    return Known(OrderState(order.state), _payment(order), paid_on, entries, returned, voids, cases)


def _by_order(rows: Iterable[Any]) -> Iterator[tuple[Any, list[Any]]]:
    for _, group in groupby(rows, key=lambda row: row.order_id):
        lines = list(group)
        yield lines[0], lines


def _cases(connection: Connection, order_ids: Sequence[str]) -> dict[str, set[tuple[str, int]]]:
    cases: dict[str, set[tuple[str, int]]] = {}
    found = select(refund_cases).where(refund_cases.c.order_id.in_(set(order_ids)))
    for row in connection.execute(found):
        cases.setdefault(row.order_id, set()).add((row.transaction_id, row.amount))
    return cases


def _payment(row: Row[Any]) -> Entry:
    at = f"{china(row.paid_at):%Y-%m-%d %H:%M:%S}" if row.paid_at else ""
    return Entry(
        row.mer_order_id, Side.OURS, Movement.PAY, "", row.amount, at, row.mid, row.transaction_id or "", row.state,
        row.channel,
    )  # fmt: skip


def _line(order: Row[Any], line: Row[Any]) -> Entry:
    # A 征收品目 begins with its 征收项目, which is the tax side's XZLX_DM.
    item = line_item(line.person_number, line.product_code[:5], line.year)
    return _payment(order)._replace(
        movement=Movement.LINE, item=item, amount=line.line_amount, reference="", state=_line_state(line)
    )


def _line_state(line: Row[Any]) -> str:
    """How a line stands: its order may be given back in parts."""
    if line.refund == RefundState.REFUNDED.value:
        return OrderState.REFUNDED.value
    return OrderState.REFUNDING.value if line.refund else OrderState.PAID.value


def _refund(row: Row[Any]) -> tuple[Entry, dt.date]:
    on = china(row.refunded_at)
    return Entry(
        row.mer_order_id, Side.OURS, Movement.REFUND, row.refund_order_id, row.returned, f"{on:%Y-%m-%d %H:%M:%S}",
        row.mid, channel=row.channel,
    ), on.date()  # fmt: skip
