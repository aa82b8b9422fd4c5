"""The outbox: an event exists exactly when its transaction does, and each aggregate speaks in order."""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import text

from contract.payment import OrderPlacedEvent, PaymentSucceeded
from kit.database import Database
from kit.outbox import Outbox, Waiting
from tests.factories.payloads import event
from tests.factories.transactions import rolled_back

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)


def _add(outbox: Outbox, database: Database, aggregate: str) -> str:
    with database.transaction() as tx:
        return outbox.add(tx, event(OrderPlacedEvent, order_id=aggregate), aggregate, NOW)


def _claim(outbox: Outbox, database: Database, limit: int = 100) -> list[Waiting]:
    """What a relay would publish now; marked as published."""
    with database.transaction() as tx:
        claimed = list(outbox.claim(tx, limit))
        outbox.mark_published(tx, [waiting.id for waiting in claimed], NOW)
    return claimed


def test_a_committed_event_waits_as_a_whole_cloudevent(outbox: Outbox, database: Database) -> None:
    event_id = _add(outbox, database, "o-1")
    (waiting,) = _claim(outbox, database)
    assert (waiting.event_id, waiting.type) == (event_id, "order.placed.v1")
    body = json.loads(waiting.body)
    assert (body["id"], body["subject"]) == (event_id, "o-1")
    assert body["source"] == "/gx-tax/social-insurance/payment"


def test_a_rolled_back_event_never_was(outbox: Outbox, database: Database) -> None:
    with rolled_back(database) as tx:
        outbox.add(tx, event(PaymentSucceeded), "o-1", NOW)
    assert _claim(outbox, database) == []


def test_an_aggregate_speaks_in_order_and_one_at_a_time(outbox: Outbox, database: Database) -> None:
    first, second = _add(outbox, database, "o-1"), _add(outbox, database, "o-1")
    other = _add(outbox, database, "o-2")
    assert [waiting.event_id for waiting in _claim(outbox, database)] == [first, other]
    assert [waiting.event_id for waiting in _claim(outbox, database)] == [second]
    assert _claim(outbox, database) == []


def test_a_claim_takes_no_more_than_asked_oldest_first(outbox: Outbox, database: Database) -> None:
    ids = [_add(outbox, database, f"o-{number}") for number in range(5)]
    assert [waiting.event_id for waiting in _claim(outbox, database, 2)] == ids[:2]
    with database.read() as connection:
        assert outbox.waiting(connection) == (3, NOW)


def test_a_claim_that_was_not_marked_waits_again(outbox: Outbox, database: Database) -> None:
    """The relay died between claiming and confirming."""
    _add(outbox, database, "o-1")
    with rolled_back(database) as tx:
        claimed = outbox.claim(tx, 10)
        outbox.mark_published(tx, [waiting.id for waiting in claimed], NOW)
    assert len(_claim(outbox, database)) == 1


def test_what_was_published_can_be_put_in_line_again(outbox: Outbox, database: Database) -> None:
    ids = [_add(outbox, database, "o-1"), _add(outbox, database, "o-2")]
    _claim(outbox, database)
    with database.transaction() as tx:
        assert outbox.publish_again(tx, NOW + dt.timedelta(seconds=1)) == 0
        assert outbox.publish_again(tx, NOW) == 2
        assert outbox.publish_again(tx) == 0, "already waiting"
    assert [waiting.event_id for waiting in _claim(outbox, database)] == ids, "with the ids they had"


def test_only_what_was_published_long_ago_is_forgotten(outbox: Outbox, database: Database) -> None:
    _add(outbox, database, "o-1")
    _claim(outbox, database)
    _add(outbox, database, "o-2")
    with database.transaction() as tx:
        assert outbox.prune(tx, NOW) == 0
        assert outbox.prune(tx, NOW + dt.timedelta(days=30)) == 1
    assert len(_claim(outbox, database)) == 1, "an event that waits is never forgotten"


def test_a_waiting_event_is_encrypted(outbox: Outbox, database: Database) -> None:
    _add(outbox, database, "o-1")
    with database.read() as connection:
        assert b"13800138000" not in connection.execute(text("SELECT body FROM outbox")).scalar_one()
