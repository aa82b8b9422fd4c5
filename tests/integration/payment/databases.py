"""Real databases for payment: migrations, wiring, and looking at what was stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, Table, func, select

from contract import events
from contract.events import Envelope
from kit.clock import Clock
from kit.crypto import KeyRing
from kit.database import Database, Transactions
from kit.outbox import Outbox
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.models import order_history, outbox, refund_cases
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from services.payment.usecases.wiring import Wiring
from tests.factories.keys import QUOTE_KEYS

PARALLEL = 50
T = TypeVar("T")


def wiring(database: Database, config: Config, clock: Clock) -> Wiring:
    """The use cases on a real database, with the real adapter and outbox."""
    unionpay, seal = connect(config), KeyRing.parse(QUOTE_KEYS)
    return Wiring(
        database,
        OrderStorage(),
        RefundStorage(),
        ExternalStorage(),
        unionpay,
        Outbox(outbox, "payment"),
        seal,
        clock,
        config,
    )


def published(database: Transactions, order_id: str = "") -> list[Envelope]:
    """The events in the outbox, oldest first, of one order or all."""
    with database.read() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.id)).all()
    return [events.decode(row.body) for row in rows if order_id in ("", row.aggregate)]


def types(database: Transactions, order_id: str = "") -> list[str]:
    return [envelope.type for envelope in published(database, order_id)]


def refunds(database: Transactions, order_id: str) -> Sequence[Row[Any]]:
    """The refund cases of an order."""
    with database.read() as connection:
        return connection.execute(select(refund_cases).where(refund_cases.c.order_id == order_id)).all()


def history(database: Transactions, order_id: str) -> list[tuple[str, str, str, str]]:
    """From, trigger, to and source of every line of an order's history."""
    lines = order_history
    columns = (lines.c.from_state, lines.c.trigger, lines.c.to_state, lines.c.source)
    with database.read() as connection:
        mine = select(*columns).where(lines.c.order_id == order_id).order_by(lines.c.id)
        return [tuple(row) for row in connection.execute(mine)]


def counted(database: Database, table: Table) -> int:
    """How many rows a table has."""
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def at_once(act: Callable[[int], T], times: int = PARALLEL) -> list[T | Exception]:
    """What each call gave or raised when all ran at once. May be called by what it runs: a pool of the standard
    library would then stand still, because its lock may be older than the patched threads that take it."""
    answers: dict[int, T | Exception] = {}

    def run(n: int) -> None:
        try:
            answers[n] = act(n)
        except Exception as error:
            answers[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[n] for n in range(times)]
