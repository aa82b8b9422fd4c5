"""What was read from a card, on PostgreSQL."""

from __future__ import annotations

import datetime as dt

from kit.database import Database
from services.gateway.domain.readings import Reading, ReadingState
from services.gateway.storage.readings import Readings

NOW = dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC)


def test_what_was_read_from_a_card_is_forgotten(database: Database) -> None:
    readings = Readings()
    with database.transaction() as tx:
        for minutes, name in ((11, "old"), (9, "fresh")):
            begun = NOW - dt.timedelta(minutes=minutes)
            readings.add(tx, Reading(name, "owner", ReadingState.DONE, begun, None, ""))
        assert readings.prune(tx, NOW - dt.timedelta(minutes=10)) == 1
        assert readings.find(tx, "old", "owner") is None
        assert readings.find(tx, "fresh", "owner") is not None
        assert readings.find(tx, "fresh", "somebody else") is None
