"""Placing and finding an order among 100,000 and among 5,000,000: growth must not be felt.

Both stocks lie in one PostgreSQL and take turns, so that whatever else the machine does weighs on both. `--orders` says
how many the larger has; five million need about 12 GB of disk, and on two cores some minutes to be made.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text

from bench.processes import median
from contract.paid import ListPaid
from contract.payment import ListOrders, OrderOfPayer
from contract.people import Person
from deploy.local.credentials import load_secrets
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base
from kit import migrations
from kit.clock import SystemClock
from kit.crypto import blind_index, personal_data_keys
from kit.database import Database
from services.payment.domain.orders import document_of
from services.payment.usecases import ordering
from services.payment.usecases.wiring import Wiring
from tests.fakes.payment_orders import INSURED, PAYER, a_quote, asking, settings
from tests.integration.payment.databases import wiring

GOAL = 1.3
SMALL, LARGE = 100_000, 5_000_000
_KNOWN = 500  # orders that are asked for, spread over the whole stock
_DUE = 400  # as many wait for their next look however large the stock is
_TURN = 20  # questions of one kind before it is the next one's turn

_RANDOM = random.Random(1)  # noqa: S311 - the same orders every time
_TABLES = ("orders", "order_lines", "order_history")
_ORDERS = """
INSERT INTO orders (order_id, mer_order_id, payer_id, payer_name, payer_phone, idempotency_key, body_hash, amount,
  channel, state, created_at, expires_at, next_action_at, attempts, paid_at, transaction_id, failure_code, mid, tid,
  inst_mid, seal)
SELECT md5('order' || n)::uuid, '3194' || lpad(n::text, 23, '0'), md5('payer' || n / 3)::uuid, :name, :phone,
  md5('key' || n), encode(sha256(n::text::bytea), 'hex'), 40000, 'wechat_account',
  CASE WHEN n <= :due THEN 'placed' WHEN n % 12 = 0 THEN 'closed' ELSE 'paid' END, at, at + interval '30 minutes',
  CASE WHEN n <= :due THEN at END, 0, CASE WHEN n > :due AND n % 12 > 0 THEN at END,
  CASE WHEN n > :due AND n % 12 > 0 THEN 'transaction-' || n END,
  CASE WHEN n > :due AND n % 12 = 0 THEN 'expired' END,
  '898340149000005', '88880001', 'YUEDANDEFAULT', sha256(n::text::bytea)
FROM (SELECT n, now() - n * interval '1 year' / :count AS at FROM generate_series(1, :count) n) numbered
"""
_LINES = """
INSERT INTO order_lines (order_id, item, line, quote_id, insured_index, insured_type, insured_number, insured_name,
  registration_number, payer_kind, insurance_type, kind, agency_code, agency_name, person_number, product_code, year,
  tier_label, amount, live, seal)
SELECT md5('order' || n)::uuid, 0, 0, md5('quote' || n)::uuid, sha256(('insured' || n)::bytea), '201', :number,
  :insured, '20124501030090000001', '1', 'medical', 'normal', '450103', '青秀区社会保险事业管理中心',
  '45010300' || n, '102120001', 2026, '个人缴费标准', 40000, n <= :due OR n % 12 > 0, sha256(n::text::bytea)
FROM generate_series(1, :count) n
"""
_HISTORY = """
INSERT INTO order_history (order_id, at, from_state, trigger, to_state, source, detail)
SELECT order_id, created_at, 'placed', 'succeeded', state, 'notify', '{}' FROM orders WHERE state <> 'placed'
"""
_KNOW = "UPDATE order_lines SET insured_index = :index WHERE order_id = md5('order' || :n)::uuid::text"
_MAKE_DUE = """
UPDATE orders SET next_action_at = created_at
WHERE order_id IN (SELECT md5('order' || n)::uuid::text FROM generate_series(1, :due) n)
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace
AND conrelid::regclass::text <> 'alembic_version'
ORDER BY contype = 'f', contype = 'u'
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('orders', 'order_lines', 'order_history')
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


@dataclass
class Stock:
    """A payment database with so many orders, and what each kind of question took, in milliseconds."""

    orders: int
    database: Database
    payment: Wiring
    known: Sequence[int]
    took: dict[str, list[float]] = field(default_factory=dict)

    def person(self, n: int) -> Person:
        """The insured of one of the known orders."""
        return replace(INSURED, document_number=f"4501031978{n:08d}")

    def questions(self) -> dict[str, Callable[[int], object]]:
        """What is measured, each for the order of a number."""
        w = self.payment
        return {
            "place_order": self._place,
            "get_order": lambda n: ordering.get_order(OrderOfPayer(_id("payer", n // 3), _id("order", n)), w),
            "list_orders": lambda n: ordering.list_orders(ListOrders(_id("payer", n // 3), 20), w),
            "list_paid": lambda n: ordering.list_paid(ListPaid(self.person(n), 2020, 2030), w),
            "claim_due": lambda _: ordering.claim_due(w, 10),
        }

    def _place(self, n: int) -> None:
        name = f"{n}-{_RANDOM.getrandbits(80)}"
        quote = a_quote(
            quote_id=name[:36], insured=replace(INSURED, document_number=name),
            expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        )  # fmt: skip
        ordering.place_order(asking(quote, PAYER, key=name), self.payment)

    def ask(self, name: str) -> None:
        """One question of a kind, about any of the known orders."""
        n = _RANDOM.choice(self.known)
        question = self.questions()[name]
        began = time.perf_counter()
        question(n)
        self.took.setdefault(name, []).append(1000 * (time.perf_counter() - began))

    def restore(self) -> None:
        """The same orders are due again."""
        with self.database.transaction() as tx:
            tx.execute(text(_MAKE_DUE), {"due": _DUE})


def run(seconds: int, rounds: int, orders: int = LARGE) -> bool:
    """True when nothing costs more than GOAL times as much in the larger stock, and no whole table is read."""
    with scratch_postgresql() as server, contextlib.ExitStack() as stack:
        stocks = [
            stack.enter_context(_stock(server.url(name), count))
            for name, count in (("notify", SMALL), ("payment", orders))
        ]
        _ask_all(stocks)  # warm up: statements are compiled, connections open
        for stock in stocks:
            stock.took.clear()
        ends = time.monotonic() + seconds * rounds
        while time.monotonic() < ends:
            _ask_all(stocks)
        scans = _whole_tables_read(stocks[1])
        return _report(*stocks, scans)


def _ask_all(stocks: Sequence[Stock]) -> None:
    """A turn of every kind of question, each put to both in alternation."""
    for name in stocks[0].questions():
        for stock in (*stocks,) * _TURN:
            stock.ask(name)
    for stock in stocks:
        stock.restore()


def _report(small: Stock, large: Stock, scans: Sequence[str]) -> bool:
    met = not scans
    print(f"median ms among {small.orders:,} and {large.orders:,} orders; disk: {_size(large)}")
    for name, took in small.took.items():
        before, after = median(took), median(large.took[name])
        met = met and after <= GOAL * before
        print(f"{name:12} {before:8.2f} {after:8.2f}   x {after / before:.2f}  ({len(took)} each)")
    for scan in scans:
        print(f"reads a whole table: {scan}")
    print(f"growth: goal {GOAL}: {'met' if met else 'MISSED'}")
    return met


@contextlib.contextmanager
def scratch_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that is gone afterwards."""
    state = Path(tempfile.mkdtemp(prefix="contribution-growth-"))
    state.chmod(0o711)  # PostgreSQL runs as another user
    server = PostgreSQL(state, free_base(), load_secrets(state))
    server.start()
    try:
        yield server
    finally:
        server.destroy()
        shutil.rmtree(state, ignore_errors=True)


@contextlib.contextmanager
def _stock(url: str, count: int) -> Iterator[Stock]:
    """A database of orders; the payment tables may lie in any service's database."""
    database = Database(url)
    with database.transaction() as tx:
        migrations.upgrade("payment", tx)
    known = _RANDOM.sample(range(_DUE + 1, count), _KNOWN)
    known = [n for n in known if n % 12]
    began = time.monotonic()
    fill_orders(database, count)
    stock = Stock(count, database, wiring(database, settings(), SystemClock()), known)
    with database.transaction() as tx:
        for n in known:
            index = blind_index("insured", document_of(stock.person(n)))
            tx.execute(text(_KNOW), {"index": index, "n": n})
    with database.read() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
    database.engine.dispose()
    print(f"{count:,} orders made in {time.monotonic() - began:.0f} s", flush=True)
    yield stock
    database.engine.dispose()


def fill_orders(database: Database, count: int) -> None:
    """Make so many orders. Rows first, indexes and constraints afterwards, as they were: that takes minutes where the
    other takes hours."""
    keys = personal_data_keys()
    texts = {
        "name": keys.seal(PAYER.name.encode(), "orders.payer_name"),
        "phone": keys.seal(PAYER.phone.encode(), "orders.payer_phone"),
        "number": keys.seal(INSURED.document_number.encode(), "order_lines.insured_number"),
        "insured": keys.seal(INSURED.name.encode(), "order_lines.insured_name"),
    }
    with database.transaction() as tx:
        tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
        tx.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
        constraints, indexes = tx.exec_driver_sql(_CONSTRAINTS).all(), tx.exec_driver_sql(_INDEXES).all()
        for table, name, _ in reversed(constraints):
            tx.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            tx.exec_driver_sql(f"DROP INDEX {name}")
        for statement in (_ORDERS, _LINES, _HISTORY):
            _insert(tx, statement, texts | {"count": count, "due": _DUE})
        for table, name, definition in constraints:
            tx.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            tx.exec_driver_sql(definition)


def _insert(tx: Connection, statement: str, values: dict[str, Any]) -> None:
    prepared = text(statement)
    tx.execute(prepared, {name: values[name] for name in prepared.compile().params})


def _whole_tables_read(stock: Stock) -> list[str]:
    """Statements of the questions that PostgreSQL would answer by reading a table of orders from end to end."""
    said: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        said.append((statement, parameters))

    for engine in (stock.database.engine, stock.database._at_once):
        event.listen(engine, "before_cursor_execute", note)
    for question in stock.questions().values():
        question(stock.known[0])
    asked, found = list(said), []
    with stock.database.read() as connection:
        for statement, parameters in asked:
            if statement.startswith(("SELECT", "UPDATE")):
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
                found += [
                    line.strip() for line in plan if any(f"Seq Scan on {table}" in line for table in _TABLES)
                ]
    return found


def _size(stock: Stock) -> str:
    with stock.database.read() as connection:
        size = connection.exec_driver_sql("SELECT pg_size_pretty(pg_database_size(current_database()))")
        return str(size.scalar_one())


def _id(kind: str, n: int) -> str:
    """As PostgreSQL made it: md5(kind || n)::uuid."""
    return str(uuid.UUID(hashlib.md5(f"{kind}{n}".encode()).hexdigest()))  # noqa: S324 - a number's name, no secret
