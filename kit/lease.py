"""Who, of several replicas, may ask a limited upstream now.

A lease is a row. Its holder starts work only while the lease outlasts the longest that work may take; whoever takes
over waits until the lease has ended. So two replicas never have work in flight at once, however the first one went:
killed, cut off from the broker, or from the database. Time is the database's; the holder counts from before it
asked, on a clock that only goes forward.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid

from sqlalchemy import Column, MetaData, String, Table, bindparam, func, update

from kit.columns import Moment
from kit.database import Database, insert_or_ignore

_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def lease_table(metadata: MetaData) -> Table:
    """The table of a service's leases; services that limit an upstream have one."""
    return Table(
        "upstream_leases", metadata,
        Column("upstream", String(32), primary_key=True),
        Column("holder", String(36), nullable=False),
        Column("held_until", Moment, nullable=False),
    )  # fmt: skip


class Lease:
    """The right of one replica to ask one upstream, for `seconds` from each `take`."""

    def __init__(self, database: Database, upstream: str, seconds: float) -> None:
        self._database, self._seconds = database, seconds
        self._ends_at = 0.0
        self._mine = {"upstream_": upstream, "me": str(uuid.uuid4())}
        t = lease_table(MetaData())
        self._table = t
        # Of a transaction that waited for the row, now() is from before it waited: it can only come too early.
        now = func.now()
        same, mine = t.c.upstream == bindparam("upstream_"), t.c.holder == bindparam("me")
        self._take = (
            update(t).where(same, mine | (t.c.held_until <= now))
            .values(holder=bindparam("me"), held_until=now + dt.timedelta(seconds=seconds))
        )  # fmt: skip
        self._release = update(t).where(same, mine).values(held_until=now)

    def outlasts(self, seconds: float) -> bool:
        """Whether it is ours for that long."""
        return self._ends_at - time.monotonic() >= seconds

    def take(self) -> bool:
        """Take or prolong it; False while another replica has it. Raises SQLAlchemyError."""
        asked_at = time.monotonic()
        with self._database.transaction() as tx:
            taken = tx.execute(self._take, self._mine).rowcount == 1
            if not taken:
                insert_or_ignore(
                    tx, self._table, upstream=self._mine["upstream_"], holder="", held_until=_LONG_AGO
                )
        if taken:
            self._ends_at = asked_at + self._seconds
        return taken

    def release(self) -> None:
        """Give it back once nothing is in flight, so that another need not wait. Raises SQLAlchemyError."""
        self._ends_at = 0.0
        with self._database.transaction() as tx:
            tx.execute(self._release, self._mine)
