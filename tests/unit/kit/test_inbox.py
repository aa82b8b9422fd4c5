"""The inbox: once per consumer, failures kept with their reason, an operator for what will not work."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from kit.database import Database
from kit.inbox import FIRST_RETRY, LONGEST_RETRY, MAX_ATTEMPTS, Inbox, InboxState, retry_delay
from tests.factories.transactions import rolled_back

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)
EVENT, CONSUMER, TYPE = "e-1", "remind", "payment.succeeded.v1"
RAW = '{"data":{"insured_name":"韦**"}}'


def _fail(inbox: Inbox, database: Database, now: dt.datetime = NOW, *, park: bool = False) -> InboxState:
    with database.transaction() as tx:
        return inbox.fail(tx, EVENT, CONSUMER, TYPE, RAW, "ValueError: no", now, park=park)


def _accept(inbox: Inbox, database: Database, consumer: str = CONSUMER) -> bool:
    with database.transaction() as tx:
        return EVENT in inbox.accept(tx, {EVENT: TYPE}, consumer, NOW)


def test_the_delay_doubles_up_to_its_limit() -> None:
    delays = [retry_delay(attempts) for attempts in range(1, 12)]
    assert delays[:4] == [FIRST_RETRY, FIRST_RETRY * 2, FIRST_RETRY * 4, FIRST_RETRY * 8]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_RETRY
    assert retry_delay(10_000) == LONGEST_RETRY
    assert retry_delay(0) == FIRST_RETRY


def test_an_event_is_accepted_once_per_consumer(inbox: Inbox, database: Database) -> None:
    assert _accept(inbox, database)
    assert not _accept(inbox, database)
    assert _accept(inbox, database, "another")


def test_what_was_rolled_back_was_not_accepted(inbox: Inbox, database: Database) -> None:
    with rolled_back(database) as tx:
        assert inbox.accept(tx, {EVENT: TYPE}, CONSUMER, NOW)
    assert _accept(inbox, database)


def test_a_failure_is_due_after_its_delay_and_not_before(inbox: Inbox, database: Database) -> None:
    assert _fail(inbox, database) is InboxState.RETRY
    with database.transaction() as tx:
        assert not inbox.due(tx, NOW + FIRST_RETRY - dt.timedelta(seconds=0.001), 10)
        (due,) = inbox.due(tx, NOW + FIRST_RETRY, 10)
    assert (due.event_id, due.consumer, due.raw, due.reason, due.attempts) == (
        EVENT, CONSUMER, RAW, "ValueError: no", 1,
    )  # fmt: skip


def test_a_failure_taken_by_one_replica_is_not_due_for_another(inbox: Inbox, database: Database) -> None:
    _fail(inbox, database)
    later = NOW + FIRST_RETRY
    with database.transaction() as tx:
        assert inbox.due(tx, later, 10)
    with database.transaction() as tx:
        assert not inbox.due(tx, later, 10)
        assert inbox.due(tx, later + dt.timedelta(minutes=1), 10), "its replica died: the lease ends"


def test_a_retried_event_is_accepted_once_and_its_raw_text_forgotten(
    inbox: Inbox, database: Database
) -> None:
    _fail(inbox, database)
    assert _accept(inbox, database)
    assert not _accept(inbox, database)
    with database.read() as connection:
        assert not inbox.find(connection, EVENT)
        assert connection.execute(text("SELECT state, raw IS NULL FROM inbox")).one() == ("done", 1)


def test_an_event_that_always_fails_is_parked_with_its_reason(inbox: Inbox, database: Database) -> None:
    states = [_fail(inbox, database) for _ in range(MAX_ATTEMPTS)]
    assert states == [InboxState.RETRY] * (MAX_ATTEMPTS - 1) + [InboxState.PARKED]
    with database.transaction() as tx:
        assert not inbox.due(tx, NOW + dt.timedelta(days=1), 10), "nobody tries a parked event"
        (parked,) = inbox.failures(tx)
        assert inbox.parked(tx) == 1
    assert (parked.reason, parked.attempts, parked.raw) == ("ValueError: no", MAX_ATTEMPTS, RAW)
    assert not _accept(inbox, database), "a second copy of a parked event does not slip past the operator"


def test_what_can_never_work_is_parked_at_once(inbox: Inbox, database: Database) -> None:
    assert _fail(inbox, database, park=True) is InboxState.PARKED


def test_a_failure_after_the_event_was_handled_changes_nothing(inbox: Inbox, database: Database) -> None:
    _accept(inbox, database)
    assert _fail(inbox, database) is InboxState.DONE
    with database.read() as connection:
        assert not inbox.find(connection, EVENT)


def test_replay_starts_a_parked_event_from_the_first_attempt(inbox: Inbox, database: Database) -> None:
    _fail(inbox, database, park=True)
    with database.transaction() as tx:
        assert inbox.replay(tx, EVENT, NOW) == 1
        assert inbox.replay(tx, EVENT, NOW) == 0, "it is no longer parked"
        assert inbox.replay(tx, "unknown", NOW) == 0
        (due,) = inbox.due(tx, NOW, 10)
    assert due.attempts == 0
    assert _fail(inbox, database) is InboxState.RETRY


@pytest.mark.parametrize("reason", ["x" * 10_000, "\0", "\ud800"], ids=ascii)
def test_any_reason_can_be_kept(inbox: Inbox, database: Database, reason: str) -> None:
    """An exception's text may hold whatever the event held; the event must not be lost over it."""
    with database.transaction() as tx:
        inbox.fail(tx, EVENT, CONSUMER, TYPE, RAW, reason, NOW)
        (kept,) = inbox.failures(tx, InboxState.RETRY)
    assert len(kept.reason) <= 2000
    assert "\0" not in kept.reason


def test_the_kept_message_is_encrypted(inbox: Inbox, database: Database) -> None:
    _fail(inbox, database)
    with database.read() as connection:
        assert "韦".encode() not in connection.execute(text("SELECT raw FROM inbox")).scalar_one()
