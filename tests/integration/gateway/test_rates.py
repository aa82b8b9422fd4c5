"""Counts of requests on PostgreSQL: two replicas, one sum, and nothing that names anybody."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from kit.database import Database
from services.gateway.storage.rates import RateCounts

MINUTE = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
COUNTS = RateCounts()


def _add(database: Database) -> int:
    with database.transaction() as tx:
        return COUNTS.add(tx, "ip 10.0.0.1", MINUTE, 3)


def test_what_replicas_count_at_once_is_added_up(database: Database) -> None:
    with ThreadPoolExecutor(4) as replicas:
        sums = sorted(replicas.map(_add, [database] * 20))
    assert sums == list(range(3, 61, 3))


def test_the_table_names_nobody_and_forgets(database: Database) -> None:
    _add(database)
    with database.read() as tx:
        assert b"10.0.0.1" not in bytes(tx.execute(text("select caller from rates")).scalar_one())
    with database.transaction() as tx:
        assert COUNTS.prune(tx, MINUTE) == 0
        assert COUNTS.prune(tx, MINUTE + dt.timedelta(minutes=2)) == 1
