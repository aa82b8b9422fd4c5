"""The inbox: which events a service has handled, which it will try again, and which wait for an operator."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, MetaData, String, Table, Text, func, select, update

from kit.columns import EncryptedJson, Moment
from kit.database import insert_new, insert_or_ignore

MAX_ATTEMPTS = 8
FIRST_RETRY = dt.timedelta(seconds=2)
LONGEST_RETRY = dt.timedelta(minutes=10)


class InboxState(enum.StrEnum):
    """done: handled · retry: failed, will be tried again · parked: an operator must look · dropped: an operator has,
    and it will never be handled."""

    DONE = "done"
    RETRY = "retry"
    PARKED = "parked"
    DROPPED = "dropped"


def inbox_table(metadata: MetaData) -> Table:
    """The inbox of one service: one row per event and consumer. `raw` is kept for what is not done."""
    table = Table(
        "inbox", metadata,
        Column("event_id", String(64), primary_key=True),
        Column("consumer", String(64), primary_key=True),
        Column("type", String(80), nullable=False),
        Column("state", String(8), nullable=False),
        Column("raw", EncryptedJson("inbox.raw")),
        Column("reason", Text),
        Column("attempts", Integer, nullable=False),
        Column("next_at", Moment),
        Column("received_at", Moment, nullable=False),
        Column("changed_at", Moment, nullable=False),
    )  # fmt: skip
    Index("inbox_due", table.c.state, table.c.next_at, postgresql_where=table.c.state != "done")
    return table


@dataclass(frozen=True)
class Failure:
    """An event that was not handled: `raw` is the message as it came."""

    event_id: str
    consumer: str
    type: str
    raw: str
    reason: str
    attempts: int
    state: InboxState
    changed_at: dt.datetime


def retry_delay(attempts: int) -> dt.timedelta:
    """Doubling from FIRST_RETRY, at most LONGEST_RETRY."""
    doubled: dt.timedelta = FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 20)
    return min(doubled, LONGEST_RETRY)


class Inbox:
    """The inbox of one service."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def accept(
        self, tx: Connection, events: Mapping[str, str], consumer: str, now: dt.datetime
    ) -> Collection[str]:
        """Take events (types by their ids) as handled by this transaction; gives the ids of those that were not
        already, here or in another replica (which also waits here until the other replica's transaction ends)."""
        t = self._table
        # In one order everywhere, so that no two replicas wait for each other.
        rows = [
            {"event_id": event_id, "consumer": consumer, "type": events[event_id], "state": InboxState.DONE,
             "attempts": 1, "received_at": now, "changed_at": now}
            for event_id in sorted(events)
        ]  # fmt: skip
        accepted = set(insert_new(tx, t, t.c.event_id, rows))
        for event_id in sorted(events.keys() - accepted):
            retried = update(t).where(*self._is(event_id, consumer), t.c.state == InboxState.RETRY)
            if tx.execute(retried.values(state=InboxState.DONE, raw=None, changed_at=now)).rowcount == 1:
                accepted.add(event_id)
        return accepted

    def fail(
        self,
        tx: Connection,
        event_id: str,
        consumer: str,
        type_: str,
        raw: str,
        reason: str,
        now: dt.datetime,
        park: bool = False,
    ) -> InboxState:
        """Keep an event that could not be handled, to be tried again later or, after MAX_ATTEMPTS or when it can
        never work (`park`), for an operator."""  # fmt: skip
        t = self._table
        known = tx.execute(
            select(t.c.state, t.c.attempts).where(*self._is(event_id, consumer)).with_for_update()
        )
        row = known.first()
        if row is not None and row.state in (InboxState.DONE, InboxState.DROPPED):
            return InboxState(row.state)
        attempts = 1 if row is None else row.attempts + 1
        state = InboxState.PARKED if park or attempts >= MAX_ATTEMPTS else InboxState.RETRY
        values = {
            "type": type_, "state": state, "raw": raw, "reason": _storable(reason)[:2000], "attempts": attempts,
            "next_at": now + retry_delay(attempts), "changed_at": now,
        }  # fmt: skip
        if row is None:
            insert_or_ignore(tx, t, event_id=event_id, consumer=consumer, received_at=now, **values)
        else:
            tx.execute(update(t).where(*self._is(event_id, consumer)).values(**values))
        return state

    def due(self, tx: Connection, now: dt.datetime, limit: int) -> Sequence[Failure]:
        """Failures whose time has come, pushed back a little so that no other replica takes them meanwhile."""
        t = self._table
        due = (
            select(t)
            .where(t.c.state == InboxState.RETRY, t.c.next_at <= now)
            .order_by(t.c.next_at)
            .limit(limit)
        )
        failures = [_failure(row) for row in tx.execute(due.with_for_update(skip_locked=True))]
        for failure in failures:
            lease = update(t).where(*self._is(failure.event_id, failure.consumer))
            tx.execute(lease.values(next_at=now + dt.timedelta(seconds=30)))
        return failures

    def failures(self, tx: Connection, state: InboxState = InboxState.PARKED) -> Sequence[Failure]:
        """All that are in a state, oldest first."""
        t = self._table
        return [
            _failure(row) for row in tx.execute(select(t).where(t.c.state == state).order_by(t.c.received_at))
        ]

    def find(self, tx: Connection, event_id: str) -> Sequence[Failure]:
        """The failures of one event, one per consumer."""
        t = self._table
        waiting = t.c.state.in_([InboxState.RETRY, InboxState.PARKED])
        rows = tx.execute(select(t).where(t.c.event_id == event_id, waiting))
        return [_failure(row) for row in rows]

    def replay(self, tx: Connection, event_id: str, now: dt.datetime) -> int:
        """Try a parked event again from the first attempt; returns how many consumers will."""
        t = self._table
        parked = update(t).where(t.c.event_id == event_id, t.c.state == InboxState.PARKED)
        again = parked.values(state=InboxState.RETRY, attempts=0, next_at=now, changed_at=now)
        return int(tx.execute(again).rowcount)

    def discard(self, tx: Connection, event_id: str, why: str, now: dt.datetime) -> int:
        """Never handle a parked event; it stays, with what it failed of and why it was discarded. Returns how many
        consumers that concerns."""
        t = self._table
        parked = update(t).where(t.c.event_id == event_id, t.c.state == InboxState.PARKED)
        told = func.coalesce(t.c.reason, "").concat(f"\n{_storable(why)}")
        return int(tx.execute(parked.values(state=InboxState.DROPPED, reason=told, changed_at=now)).rowcount)

    def parked(self, tx: Connection) -> int:
        """How many wait for an operator."""
        t = self._table
        count = select(func.count()).select_from(t).where(t.c.state == InboxState.PARKED)
        return int(tx.execute(count).scalar_one())

    def _is(self, event_id: str, consumer: str) -> tuple[Any, Any]:
        return self._table.c.event_id == event_id, self._table.c.consumer == consumer


def _storable(text: str) -> str:
    """Text without what a database refuses: an exception may quote whatever the event held."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _failure(row: Any) -> Failure:
    return Failure(
        row.event_id, row.consumer, row.type, row.raw, row.reason, row.attempts, InboxState(row.state),
        row.changed_at,
    )  # fmt: skip
