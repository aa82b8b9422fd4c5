"""UnionPay and the tax core as reconciliation meets them: files that are lists."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kit.clock import SetClock, china
from services.payment.adapters.base import FileNotReady
from services.payment.domain.orders import Order
from services.payment.reconciliation.entries import Entry, Malformed, Movement, Side, line_item
from services.payment.reconciliation.running import Desk, run_due
from services.payment.storage.books import Books
from services.payment.storage.breaks import BreakStorage
from services.payment.storage.runs import RunStorage
from tests.fakes.payment_orders import settings
from tests.fakes.payment_unionpay import FakeUnionPay


@dataclass
class FakeFile:
    """A file that holds these entries, or is not there when there are none to hold."""

    name: str
    entries: list[Entry | Malformed] | None
    lines: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr(self.entries).encode()).hexdigest()

    def __iter__(self) -> Iterator[Entry | Malformed]:
        if self.entries is None:
            raise FileNotReady(self.name, "账单尚未生成")
        for entry in self.entries:
            self.lines += 1
            yield entry


@dataclass
class FakeParties:
    """What both say of each day; a day that is None has no file yet."""

    settled: dict[dt.date, list[Entry | Malformed] | None] = field(default_factory=dict)
    recorded: dict[dt.date, list[Entry | Malformed] | None] = field(default_factory=dict)
    mid: str = settings().unionpay_mid

    def fetch_settlement(self, day: dt.date, mid: str) -> FakeFile:
        return FakeFile(f"银联对账文件（商户{mid}）", self.settled.get(day, []) if mid == self.mid else [])

    def fetch_records(self, day: dt.date) -> FakeFile:
        return FakeFile("社保征收子系统缴费记录", self.recorded.get(day, []))

    def take(self, order: Order) -> None:
        """Both have the paid order, on its day."""
        assert order.paid_at is not None
        day = china(order.paid_at).date()
        self.settled.setdefault(day, []).append(settled(order))  # type: ignore[union-attr]
        self.recorded.setdefault(day, []).extend(recorded(order))  # type: ignore[union-attr]


def settled(order: Order, **changed: Any) -> Entry:
    """UnionPay's line of a paid order."""
    at = f"{china(order.paid_at or order.created_at):%Y-%m-%d %H:%M:%S}"
    line = Entry(
        order.mer_order_id, Side.UNIONPAY, Movement.PAY, "", order.amount, at, order.mid, order.transaction_id or "T"
    )  # fmt: skip
    return line._replace(**changed)


def recorded(order: Order, **changed: Any) -> list[Entry]:
    """The tax core's records of a paid order."""
    at = f"{china(order.paid_at or order.created_at):%Y-%m-%d %H:%M:%S}"
    records = [
        Entry(
            order.mer_order_id, Side.CORE, Movement.LINE,
            line_item(item.person_number, item.product_code[:5], line.year), line.amount, at, reference="R", state="1",
        )
        for item in order.items
        for line in item.lines
    ]  # fmt: skip
    return [record._replace(**changed) for record in records]


def make_desk(database: Any, parties: FakeParties, unionpay: FakeUnionPay, clock: SetClock) -> Desk:
    """Reconciliation on a real database, with parties that say what they are told to."""
    unionpay.fetch_settlement = parties.fetch_settlement  # type: ignore[attr-defined]
    config = replace(settings(), reconciliation_hour=6)
    return Desk(database, Books(), RunStorage(), BreakStorage(), unionpay, parties, clock, config)  # type: ignore[arg-type]


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def reconcile(desk: Desk, day: dt.date) -> int:
    """Have the day reconciled now; how many runs came to their end."""
    with desk.database.transaction() as tx:
        desk.runs.ask(tx, day, "tester", desk.clock.now())
    return run_due(desk, scratch)
