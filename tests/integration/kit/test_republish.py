"""After a restore the events of some time go out again, whatever the broker still had."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from contract.payment import OrderPlacedEvent
from kit.database import Database
from kit.migrations import new_metadata
from kit.outbox import Outbox, outbox_table
from kit.republish import republish
from tests.factories.payloads import event

NOW = dt.datetime(2026, 11, 26, 0, 5, tzinfo=dt.UTC)


def test_events_since_a_moment_wait_for_the_relay_again(tmp_path: Path) -> None:
    database, metadata = Database(f"sqlite:///{tmp_path}/payment.sqlite3"), new_metadata()
    outbox = Outbox(outbox_table(metadata), "payment")
    with database.transaction() as tx:
        metadata.create_all(tx)
    with database.transaction() as tx:
        old = outbox.add(tx, event(OrderPlacedEvent), "o-1", NOW - dt.timedelta(days=2))
        new = outbox.add(tx, event(OrderPlacedEvent), "o-2", NOW)
        outbox.mark_published(tx, [waiting.id for waiting in outbox.claim(tx, 10)], NOW)
    assert old != new
    assert republish(database, NOW - dt.timedelta(days=1)) == 1
    with database.transaction() as tx:
        assert [waiting.event_id for waiting in outbox.claim(tx, 10)] == [new]


def test_a_service_without_an_outbox_has_none(tmp_path: Path) -> None:
    assert republish(Database(f"sqlite:///{tmp_path}/empty.sqlite3"), NOW) == 0
