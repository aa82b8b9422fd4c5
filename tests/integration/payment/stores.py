"""Payment's storage on PostgreSQL, on SQLite and as dictionaries, behind one face."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from kit.database import Duplicate
from services.payment.domain.orders import EDGES, Order, Report, Trigger
from tests.fakes.payment_orders import NOW, a_quote, an_item, an_order

LATER = NOW + dt.timedelta(minutes=1)


PAID = Report(Trigger.SUCCEEDED, "notify", "transaction-1", NOW, 40000)


SHUT = Report(Trigger.SHUT, "query", failure_code="expired")


SILENT = Report(Trigger.UNANSWERED, "query")


@dataclass
class Store:
    """A database, and what queries it."""

    database: Any
    orders: Any

    def put(self, order: Order) -> Order:
        with self.database.write() as tx:
            self.orders.add(tx, order)
        return order

    def takes(self, order: Order) -> bool:
        """Whether the order can be stored, and is then."""
        try:
            self.put(order)
        except Duplicate:
            return False
        return True

    def ask(self, question: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the storage in a transaction of its own."""
        with self.database.transaction() as tx:
            return getattr(self.orders, question)(tx, *args, **kwargs)

    def now(self, order: Order) -> Order:
        found: Order = self.ask("lock", order.order_id)
        return found

    def follow(self, order: Order, report: Report) -> Order:
        """Move an order as a report says; the order after it."""
        edge = EDGES[self.now(order).state, report.trigger]
        self.ask("move", self.now(order), edge, report, LATER)
        return self.now(order)


OF_ITEM = {"quote_id", "year", "insurance_type", "insured"}


def another(n: int = 2, **changed: Any) -> Order:
    """An order that has nothing to do with `an_order()` but what is changed."""
    of_item = {name: changed.pop(name) for name in OF_ITEM & set(changed)}
    item = an_item(a_quote(**{"quote_id": f"quote-{n}", "year": 2026 + n} | of_item))
    values: dict[str, Any] = {
        "order_id": f"order-{n}", "mer_order_id": f"31942026112310050000012345{n}", "idempotency_key": f"key-{n}",
    }  # fmt: skip
    return an_order(item, **values | changed)
