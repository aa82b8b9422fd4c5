"""What staff look for: orders by number or by hint, and what was paid on a day (docs/adr/0027)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from contract.payment import OrderState
from services.payment.domain.external import ExternalState
from services.payment.domain.orders import REFUNDABLE, Order
from services.payment.models import external_payments, order_lines, orders
from services.payment.storage.books import bounds
from services.payment.storage.rows import IN_ORDER, WITH_LINES, hint_of, orders_of, within

_TAKEN = sorted({*REFUNDABLE, OrderState.REFUNDED})
"""What was paid, be it that the money has gone back meanwhile: a day's takings stay what they were."""


class Total(NamedTuple):
    """A number of contributions and their sum in fen, by a key."""

    key: str
    lines: int
    amount: int


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

    def by_place(self, connection: Connection, day: dt.date, reach: str, digits: int) -> list[Total]:
        """By the beginning of the agencies' codes: ours, and what other tax systems told."""
        ours = func.substr(order_lines.c.agency_code, 1, digits)
        theirs = func.substr(external_payments.c.agency_code, 1, digits)
        return self._totals(connection, ours, theirs, day, reach)

    def by_channel(self, connection: Connection, day: dt.date, reach: str) -> list[Total]:
        """The same by channel."""
        return self._totals(connection, orders.c.channel, external_payments.c.channel, day, reach)

    def _totals(
        self,
        connection: Connection,
        ours: ColumnElement[str],
        theirs: ColumnElement[str],
        day: dt.date,
        reach: str,
    ) -> list[Total]:
        since, until = bounds(day)
        line, told = order_lines.c, external_payments.c
        taken = (
            select(ours, func.count(), func.sum(line.amount))
            .join(orders, orders.c.order_id == line.order_id)
            .where(orders.c.paid_at >= since, orders.c.paid_at < until, orders.c.state.in_(_TAKEN))
            .where(line.agency_code.startswith(reach, autoescape=True))
        )
        elsewhere = select(theirs, func.count(), func.sum(told.amount)).where(
            told.at >= since, told.at < until, told.state == ExternalState.PAID.value,
            told.agency_code.startswith(reach, autoescape=True),
        )  # fmt: skip
        sums: dict[str, Total] = {}
        for query, by in ((taken, ours), (elsewhere, theirs)):
            for key, number, amount in connection.execute(query.group_by(by)):
                before = sums.get(key, Total(key, 0, 0))
                sums[key] = Total(key, before.lines + number, before.amount + int(amount))
        return sorted(sums.values(), key=lambda one: (-one.amount, one.key))

    def _found(
        self, connection: Connection, condition: ColumnElement[bool], reach: str, limit: int
    ) -> Sequence[Order]:
        newest = orders.c.created_at.desc()
        ids = select(orders.c.order_id).where(condition, within(reach)).order_by(newest).limit(limit)
        found = WITH_LINES.where(orders.c.order_id.in_(ids)).order_by(newest, *IN_ORDER)
        return orders_of(connection.execute(found))
