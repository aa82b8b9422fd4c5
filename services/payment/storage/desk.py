"""What staff look for: orders by number or by hint, and what was paid on a day (docs/adr/0027)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from services.payment.domain.orders import REFUNDABLE, Order
from services.payment.models import order_lines, orders
from services.payment.storage.books import bounds
from services.payment.storage.rows import IN_ORDER, WITH_LINES, hint_of, orders_of, within

_TAKEN = sorted(REFUNDABLE)


class DeskStorage:
    """Reads for staff; `reach` is what the codes of the agencies begin with that they may see."""

    def numbered(self, connection: Connection, number: str, reach: str) -> Sequence[Order]:
        """The order of this number, ours or UnionPay's."""
        return self._found(
            connection, (orders.c.order_id == number) | (orders.c.mer_order_id == number), reach, 1
        )

    def hinted(
        self, connection: Connection, name: str, document_tail: str, reach: str, limit: int
    ) -> Sequence[Order]:
        """The newest orders that pay for somebody of that name and end of number."""
        of_them = select(order_lines.c.order_id).where(
            order_lines.c.insured_hint == hint_of(name, document_tail)
        )
        return self._found(connection, orders.c.order_id.in_(of_them), reach, limit)

    def by_place(
        self, connection: Connection, day: dt.date, reach: str, digits: int
    ) -> list[tuple[str, int, int]]:
        """Beginning of the agencies' codes, number of contributions and their sum in fen, the largest first."""
        return self._totals(connection, func.substr(order_lines.c.agency_code, 1, digits), day, reach)

    def by_channel(self, connection: Connection, day: dt.date, reach: str) -> list[tuple[str, int, int]]:
        """The same by channel."""
        return self._totals(connection, orders.c.channel, day, reach)

    def _totals(
        self, connection: Connection, by: ColumnElement[str], day: dt.date, reach: str
    ) -> list[tuple[str, int, int]]:
        since, until = bounds(day)
        total = func.sum(order_lines.c.amount)
        taken = (
            select(by, func.count(), total)
            .join(orders, orders.c.order_id == order_lines.c.order_id)
            .where(
                orders.c.paid_at >= since, orders.c.paid_at < until, orders.c.state.in_([*_TAKEN, "refunded"])
            )
            .where(order_lines.c.agency_code.startswith(reach, autoescape=True))
        )
        rows = connection.execute(taken.group_by(by).order_by(total.desc(), by))
        return [(key, number, int(amount)) for key, number, amount in rows]

    def _found(
        self, connection: Connection, condition: ColumnElement[bool], reach: str, limit: int
    ) -> Sequence[Order]:
        newest = orders.c.created_at.desc()
        ids = select(orders.c.order_id).where(condition, within(reach)).order_by(newest).limit(limit)
        found = WITH_LINES.where(orders.c.order_id.in_(ids)).order_by(newest, *IN_ORDER)
        return orders_of(connection.execute(found))
