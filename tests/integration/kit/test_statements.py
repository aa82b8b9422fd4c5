"""Statements on the short way to PostgreSQL: the same values, the same errors, all rows or none, one message."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import threading
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import Insert, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from deploy.local.postgresql import PostgreSQL
from kit.database import Database, Duplicate, insert_new
from tests.integration.kit.tables import handled, inbox, outbox

NOW = dt.datetime(2026, 11, 23, 8, 5, 0, 250000, dt.timezone(dt.timedelta(hours=8)))
PUT_EVENT = insert(outbox).inline()
PUT_NOTE = insert(inbox)
FIND_EVENT = select(outbox).where(outbox.c.event_id == bindparam("event_id"), outbox.c.published_at.is_(None))


def event(**changed: Any) -> dict[str, Any]:
    row = {
        "event_id": str(uuid.uuid4()), "type": "it's; 100% %(new)s", "aggregate": "order-1",
        "body": {"name": "韦秀兰'"}, "created_at": NOW,
    }  # fmt: skip
    return row | changed


def note(**changed: Any) -> dict[str, Any]:
    row = {
        "event_id": "e-1", "consumer": "c", "type": "t", "state": "done", "attempts": 1, "received_at": NOW,
        "changed_at": NOW,
    }  # fmt: skip
    return row | changed


def write(database: Database, *batch: tuple[Insert, dict[str, Any]]) -> None:
    with database.write() as tx:
        for statement, values in batch:
            tx.execute(statement, values)


def rows(database: Database) -> tuple[int, int]:
    """How many events and notes there are."""
    with database.read() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (outbox, inbox)
        ]
    return counts[0], counts[1]


def test_rows_of_several_tables_are_committed_together(database: Database) -> None:
    given = event()
    write(database, (PUT_EVENT, given), (PUT_EVENT, event()), (PUT_NOTE, note()))
    assert rows(database) == (2, 1)
    with database.read() as connection:
        stored = connection.execute(FIND_EVENT, {"event_id": given["event_id"]}).mappings().one()
    assert {name: stored[name] for name in given} == given


def test_rows_of_one_insert_travel_as_one_and_changes_keep_their_order(database: Database) -> None:
    notes = [note(event_id=f"e-{number}", reason="100% %(new)s'") for number in range(3)]
    rename = update(inbox).where(inbox.c.event_id == bindparam("whose")).values(reason=bindparam("reason"))
    with database.write() as tx:
        for number, row in enumerate(notes):
            tx.execute(PUT_NOTE, row)
            for reason in ("first", f"last of {number}"):
                tx.execute(rename, {"whose": row["event_id"], "reason": reason})
            tx.execute(PUT_EVENT, event())
        tx.execute(PUT_NOTE, note(event_id="e-9", next_at=NOW))  # of other columns: a statement of its own
    with database.read() as connection:
        told = connection.execute(select(inbox.c.event_id, inbox.c.reason, inbox.c.next_at)).all()
    assert sorted(told) == [
        ("e-0", "last of 0", None), ("e-1", "last of 1", None), ("e-2", "last of 2", None), ("e-9", None, NOW),
    ]  # fmt: skip
    assert rows(database) == (3, 4)


def test_only_new_rows_are_inserted_and_named(database: Database) -> None:
    write(database, (PUT_NOTE, note(event_id="e-1")))
    wanted = [note(event_id=f"e-{number}", reason="'; --") for number in (0, 1, 2, 2)]
    with database.transaction() as tx:
        assert sorted(insert_new(tx, inbox, inbox.c.event_id, wanted)) == ["e-0", "e-2"]
        assert insert_new(tx, inbox, inbox.c.event_id, []) == []
    assert rows(database) == (0, 3)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_row_that_is_there_already_keeps_all_out(database: Database, place: int) -> None:
    write(database, (PUT_NOTE, note()))
    batch = [(PUT_EVENT, event()), (PUT_EVENT, event())]
    batch.insert(place, (PUT_NOTE, note(state="parked")))
    with pytest.raises(Duplicate):
        write(database, *batch)
    assert rows(database) == (0, 1)


def test_a_block_that_fails_writes_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            tx.execute(PUT_NOTE, note())
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert rows(database) == (0, 0)


def test_what_no_unique_constraint_refuses_is_no_duplicate(database: Database) -> None:
    with pytest.raises(IntegrityError, match="null value") as refused:
        write(database, (PUT_EVENT, event()), (PUT_NOTE, note(type=None)))
    assert rows(database) == (0, 0)
    assert "INSERT" not in str(refused.value)


def test_the_server_logs_no_values_of_what_it_refuses(database: Database, postgres: PostgreSQL) -> None:
    personal = (PUT_NOTE, note(event_id="450103197806122040"))
    with pytest.raises(Duplicate):
        write(database, personal, personal)
    assert "duplicate key" in postgres.log()
    assert "450103197806122040" not in postgres.log()


def test_a_row_waits_for_the_transaction_that_may_exclude_it(database: Database) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.transaction() as tx:
            tx.execute(PUT_NOTE, note())
            waiting = pool.submit(write, database, (PUT_NOTE, note()))
            time.sleep(0.5)
            assert not waiting.done()
        assert isinstance(waiting.exception(10), Duplicate)
    assert rows(database) == (0, 1)


def test_rows_are_readable_by_others_once_the_block_is_left(database: Database) -> None:
    """The answer comes after the commit: what follows it, on another connection, finds the row."""

    def write_and_look(number: int) -> bool:
        given = event()
        write(database, (PUT_EVENT, given))
        with database.transaction() as tx:
            return tx.execute(FIND_EVENT, {"event_id": given["event_id"]}).first() is not None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_look, range(200)))


def test_connections_that_died_together_fail_once(
    database: Database, postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to find its connection dead spares the others the same."""
    monkeypatch.setattr("kit.database.IDLE_BEFORE_PING", 3600)
    everybody = threading.Barrier(6)

    def open_one(_: int) -> None:
        with database.read() as connection:
            connection.execute(select(handled.c.id))
            everybody.wait(30)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(open_one, range(6)))
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'probe'")
    with pytest.raises(OperationalError):
        write(database, (PUT_NOTE, note()))
    for number in range(6):
        write(database, (PUT_NOTE, note(event_id=f"e-{number}")))
    assert rows(database) == (0, 6)
