"""Payment with fake parties that it is reconciled with, and who works on what is found."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from typing import Any

from contract.payment import OrderState
from contract.reconciliation import (
    BreakAction,
    BreakKind,
    BreakView,
    ListBreaks,
    ListRuns,
    Party,
    ResolveBreak,
)
from kit.clock import CHINA, SetClock
from kit.crypto import KeyRing
from kit.database import Database
from kit.outbox import Outbox
from services.payment.domain.orders import EDGES, Order, Report, Trigger
from services.payment.models import outbox
from services.payment.reconciliation import handling
from services.payment.reconciliation.running import Desk
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.usecases.wiring import Wiring
from tests.fakes.payment_orders import QUOTE_KEYS, a_quote, an_item, an_order, settings
from tests.fakes.payment_parties import FakeParties, make_desk, reconcile
from tests.fakes.payment_storage import FakeOrderStorage
from tests.fakes.payment_unionpay import FakeUnionPay

DAY = dt.date(2026, 11, 22)


NEXT = DAY + dt.timedelta(days=1)


NOON = dt.datetime.combine(DAY, dt.time(12), CHINA)


LATE = dt.datetime.combine(DAY, dt.time(23, 59, 30), CHINA)


_numbers = itertools.count(1)


@dataclass
class Office:
    """Payment with its database, what the parties say, and who works on breaks."""

    desk: Desk
    wiring: Wiring
    parties: FakeParties
    unionpay: FakeUnionPay
    clock: SetClock

    def placed(self, **changed: Any) -> Order:
        n = next(_numbers)
        item = an_item(a_quote(quote_id=f"quote-{n}", year=3000 + n, person_number=f"450103009{n:07d}"))
        order = an_order(
            item, order_id=f"order-{n}", mer_order_id=f"3194{n:023d}", idempotency_key=f"key-{n}", **changed
        )
        with self.desk.database.transaction() as tx:
            self.wiring.orders.add(tx, order)
        return order

    def paid(self, at: dt.datetime = NOON, known: bool = True, **changed: Any) -> Order:
        """A paid order; both parties have it, unless they do not know it."""
        order = self.placed(**changed)
        report = Report(Trigger.SUCCEEDED, "notify", f"T-{order.order_id}", at, order.amount)
        with self.desk.database.transaction() as tx:
            self.wiring.orders.move(tx, order, EDGES[order.state, Trigger.SUCCEEDED], report, None)
        order = replace(order, state=OrderState.PAID, paid_at=at, transaction_id=report.transaction_id)
        if known:
            self.parties.take(order)
        return order

    def reconcile(self, day: dt.date = DAY) -> int:
        return reconcile(self.desk, day)

    def breaks(self, **wanted: Any) -> list[BreakView]:
        return list(handling.list_breaks(ListBreaks(**wanted), self.desk).breaks)

    def kinds(self, **wanted: Any) -> list[tuple[BreakKind, Party, str]]:
        return [(one.kind, one.party, one.order_number) for one in self.breaks(**wanted)]

    def the_break(self, **wanted: Any) -> BreakView:
        (one,) = self.breaks(**wanted)
        return one

    def history(self, break_id: int) -> list[tuple[str, str]]:
        with self.desk.database.read() as connection:
            return [(line.operator, line.what) for line in self.desk.breaks.history(connection, break_id)]

    def resolve(self, one: BreakView, action: BreakAction, note: str = "") -> BreakView:
        return handling.resolve_break(
            ResolveBreak(one.break_id, "li.na", action, note), self.desk, self.wiring
        )

    def last_run(self) -> Any:
        return handling.list_runs(ListRuns(1), self.desk).runs[0]


def an_office(database: Database) -> Office:
    config, parties = settings(), FakeParties()
    clock = SetClock(dt.datetime.combine(NEXT, dt.time(8), CHINA))
    unionpay = FakeUnionPay(config, FakeOrderStorage())
    events, seal = Outbox(outbox, "payment"), KeyRing.parse(QUOTE_KEYS)
    wiring = Wiring(
        database, OrderStorage(), RefundStorage(), ExternalStorage(), unionpay, events, seal, clock, config
    )
    return Office(make_desk(database, parties, unionpay, clock), wiring, parties, unionpay, clock)
