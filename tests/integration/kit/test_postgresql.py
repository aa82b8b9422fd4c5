"""Databases on PostgreSQL: greenlets do not block each other, and a restart is not noticed by residents."""

from __future__ import annotations

import concurrent.futures
import time

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from deploy.local.postgresql import PostgreSQL
from deploy.local.process import wait_until
from kit.database import IDLE_BEFORE_PING, Database, insert_or_ignore
from tests.integration.kit.running import Probe
from tests.integration.kit.tables import inbox


def _sleepers(served: Probe, count: int, seconds: float) -> float:
    response = requests.post(served.url("/sleepers"), json={"count": count, "seconds": seconds}, timeout=30)
    response.raise_for_status()
    return float(response.text)


def test_one_process_waits_for_many_statements_at_once(served: Probe) -> None:
    """psycopg2 is green: twenty waits of 0.2 s take one wait, not twenty."""
    _sleepers(served, 20, 0)  # connections are opened once
    assert _sleepers(served, 20, 0.2) < 1


def test_a_process_that_waits_for_its_database_still_answers(served: Probe) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_sleepers, served, 5, 2)
        time.sleep(0.3)
        assert requests.get(served.url("/healthz"), timeout=5).elapsed.total_seconds() < 1
        assert slow.result() >= 2


def test_more_work_than_connections_waits_its_turn(served: Probe) -> None:
    assert 0.4 <= _sleepers(served, 60, 0.2) < 5


def test_work_after_a_restart_of_the_database_succeeds_at_once(served: Probe, postgres: PostgreSQL) -> None:
    """Every pooled connection is dead; the first to use each notices before it is given work."""
    _sleepers(served, 15, 0.1)
    postgres.restart()
    time.sleep(IDLE_BEFORE_PING + 0.5)
    _sleepers(served, 15, 0.1)


def test_a_service_is_ready_again_after_its_database_was_killed(served: Probe, postgres: PostgreSQL) -> None:
    pid = served.pid
    postgres.kill()
    assert wait_until(lambda: requests.get(served.url("/readyz"), timeout=10).status_code == 503, 20)
    postgres.start()
    assert wait_until(lambda: requests.get(served.url("/readyz"), timeout=10).status_code == 200, 20)
    assert served.pid == pid and served.alive


def test_a_statement_cannot_hold_a_service_up_for_ever(database: Database) -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError, match="statement timeout"), database.read() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    assert time.monotonic() - began < 12


def test_an_insert_waits_for_the_transaction_that_may_exclude_it(database: Database) -> None:
    """Two replicas take the same event: the second waits for the first's commit and then knows."""
    row = {"event_id": "e", "consumer": "c", "type": "t", "state": "done", "attempts": 1}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        def second() -> bool:
            with database.transaction() as tx:
                now = tx.execute(text("SELECT now()")).scalar_one()
                return insert_or_ignore(tx, inbox, **row, received_at=now, changed_at=now)

        with database.transaction() as tx:
            now = tx.execute(text("SELECT now()")).scalar_one()
            assert insert_or_ignore(tx, inbox, **row, received_at=now, changed_at=now)
            waiting = pool.submit(second)
            time.sleep(0.5)
            assert not waiting.done()
        assert waiting.result(10) is False
