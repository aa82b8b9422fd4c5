"""The JS-SDK's ticket in PostgreSQL: one for all replicas, fetched by one of them, sealed in the table."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from kit.database import Database
from services.gateway.storage.tickets import Tickets

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
TICKETS = Tickets()


def _may_fetch(database: Database, now: dt.datetime) -> bool:
    with database.transaction() as tx:
        return TICKETS.may_fetch(tx, now, now + MINUTE)


def test_of_all_who_find_no_ticket_one_fetches_it_and_after_a_minute_another(database: Database) -> None:
    with ThreadPoolExecutor(4) as replicas:
        allowed = list(replicas.map(lambda _: _may_fetch(database, NOW), range(8)))
    assert allowed.count(True) == 1
    with database.read() as tx:
        assert TICKETS.find(tx) is None
    assert not _may_fetch(database, NOW + MINUTE / 2)
    assert _may_fetch(database, NOW + MINUTE)


def test_the_ticket_is_whole_again_and_sealed_in_the_table(database: Database) -> None:
    _may_fetch(database, NOW)
    ends = NOW + dt.timedelta(hours=2)
    with database.transaction() as tx:
        TICKETS.keep(tx, "sM4AOVdWfPE4", ends)
    with database.read() as tx:
        assert TICKETS.find(tx) == ("sM4AOVdWfPE4", ends)
        (raw,) = tx.execute(text("SELECT ticket FROM sdk_tickets")).scalars()
    assert b"sM4AOVdWfPE4" not in bytes(raw)
