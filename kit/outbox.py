"""The transactional outbox: an event is a row of the transaction that caused it (design.md §6)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from contract import events
from kit import tracing
from kit.columns import EncryptedJson, Moment
from kit.database import Writer
from kit.telemetry import correlation_id

PRUNED_AT_ONCE = 5000
# SQLite only numbers rows by itself for INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")


def outbox_table(metadata: MetaData) -> Table:
    """The outbox of one service. `body` is the whole CloudEvent; it is kept until pruned, so that it can be
    published again after a broker lost its disk."""
    table = Table(
        "outbox", metadata,
        Column("id", _ID, primary_key=True, autoincrement=True),
        Column("event_id", String(36), nullable=False, unique=True),
        Column("type", String(80), nullable=False),
        Column("aggregate", String(64), nullable=False),
        Column("body", EncryptedJson("outbox.body"), nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("published_at", Moment),
    )  # fmt: skip
    waiting = table.c.published_at.is_(None)
    # In the order of `claim`: read so, entries of what has been published since are cleared away as they are met.
    Index("outbox_waiting", table.c.id, postgresql_where=waiting, sqlite_where=waiting)
    Index("outbox_in_order", table.c.aggregate, table.c.id, postgresql_where=waiting, sqlite_where=waiting)
    return table


class Waiting(NamedTuple):
    """An event that waits for the relay."""

    id: int
    type: str
    event_id: str
    body: str


class Outbox:
    """The outbox of one service, as its use cases (`add`) and its relay (the rest) see it."""

    def __init__(self, table: Table, source: str) -> None:
        self._table = table
        # Built once: every payment passes here, and building a statement costs more than executing it.
        self._insert = table.insert().inline()
        self._claim = _claim(table)
        self._mark = (
            update(table)
            .where(table.c.id.in_(bindparam("ids", expanding=True)))
            .values(published_at=bindparam("now"))
        )
        self._source = events.OWN_SOURCES + source

    def add(self, tx: Writer, event: events.EventData, aggregate: str, now: dt.datetime) -> str:
        """Record an event in the transaction that caused it; returns its id."""
        event_id = str(uuid.uuid4())
        body = events.encode(
            event, event_id=event_id, source=self._source, subject=aggregate, time=now,
            correlation_id=correlation_id(), traceparent=tracing.carried() if tracing.on else None,
        )  # fmt: skip
        tx.execute(
            self._insert,
            {
                "event_id": event_id,
                "type": event.type,
                "aggregate": aggregate,
                "body": body,
                "created_at": now,
            },
        )
        return event_id

    def claim(self, tx: Connection, limit: int) -> Sequence[Waiting]:
        """The oldest waiting event of each aggregate, locked for this relay until its transaction ends.

        Another relay skips locked rows, and an aggregate's later events wait until the earlier one is marked:
        so several relays may run and each aggregate still speaks in order.
        """
        rows = tx.execute(self._claim, {"limit": limit})
        return [Waiting(row.id, row.type, row.event_id, row.body) for row in rows]

    def mark_published(self, tx: Connection, ids: Sequence[int], now: dt.datetime) -> None:
        """These are on the bus, confirmed."""
        tx.execute(self._mark, {"ids": list(ids), "now": now})

    def publish_again(self, tx: Connection, since: dt.datetime | None = None) -> int:
        """Put what was published (since a moment) back in line; consumers' inboxes make repeats harmless."""
        t = self._table
        again = update(t).where(t.c.published_at.is_not(None)).values(published_at=None)
        return int(tx.execute(again.where(t.c.created_at >= since) if since else again).rowcount)

    def prune(self, tx: Connection, published_before: dt.datetime) -> int:
        """Forget events published long ago, of the oldest ones a batch; returns how many."""
        t = self._table
        oldest = select(t.c.id).order_by(t.c.id).limit(PRUNED_AT_ONCE)
        gone = delete(t).where(t.c.id.in_(oldest), t.c.published_at < published_before)
        return int(tx.execute(gone).rowcount)

    def waiting(self, connection: Connection) -> tuple[int, dt.datetime | None]:
        """How many events are not on the bus yet, and since when the oldest of them waits."""
        t = self._table
        found = select(func.count(), func.min(t.c.created_at)).where(t.c.published_at.is_(None))
        count, oldest = connection.execute(found).one()
        return count, oldest


def _claim(t: Table) -> Select[tuple[int, str, str, str]]:
    earlier = t.alias()
    first_of_aggregate = ~exists().where(
        earlier.c.aggregate == t.c.aggregate, earlier.c.id < t.c.id, earlier.c.published_at.is_(None)
    )
    return (
        select(t.c.id, t.c.type, t.c.event_id, t.c.body)
        .where(t.c.published_at.is_(None), first_of_aggregate)
        .order_by(t.c.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )
