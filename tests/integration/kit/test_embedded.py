"""Embedded mode: both probes in one process, on the memory bus and SQLite."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from kit.database import Database
from tests.integration.kit.running import Probe, eventually, probe
from tests.integration.kit.tables import handled, metadata


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'probe.sqlite3'}")
    with database.transaction() as tx:
        metadata.create_all(tx)
    yield database
    database.engine.dispose()


@pytest.fixture
def embedded(file: Database, tmp_path: Path) -> Iterator[Probe]:
    environment = {
        "AMQP_URI": "memory://",
        "IDENTITY_DATABASE_URL": f"sqlite:///{tmp_path / 'probe.sqlite3'}",
    }
    with probe(("identity", "ocr"), environment, tmp_path) as running:
        yield running


def _handled(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(handled.c.aggregate)).scalars())


def _publish(embedded: Probe, *names: str) -> None:
    requests.post(embedded.url("/publish", "identity"), json=names, timeout=30).raise_for_status()


def test_calls_and_events_work_without_a_broker(embedded: Probe, file: Database) -> None:
    (outcome,) = embedded.call("tell", {"wish": "echo", "text": "好"})
    assert outcome["answer"]["text"] == "好"
    (outcome,) = embedded.call("ask", {"wish": "refuse"})
    assert outcome["error"]["code"] == "probe_full"
    _publish(embedded, "a-1", "a-2")
    eventually(lambda: _handled(file), Counter({"a-1": 1, "a-2": 1}))


def test_a_call_takes_milliseconds(embedded: Probe) -> None:
    seconds = [embedded.call("ask", {"wish": "echo"})[0]["seconds"] for _ in range(40)]
    assert statistics.median(seconds) < 0.05


def test_a_call_nobody_answers_ends_at_its_deadline(embedded: Probe) -> None:
    (outcome,) = embedded.call("ask_nobody", {"wish": "echo"})
    assert outcome["error"]["kind"] == "DeadlineExceeded"
    assert outcome["seconds"] < 3


def test_a_request_past_its_deadline_is_dropped_although_this_bus_expires_nothing(
    file: Database, tmp_path: Path
) -> None:
    environment = {
        "AMQP_URI": "memory://", "IDENTITY_DATABASE_URL": f"sqlite:///{tmp_path / 'probe.sqlite3'}",
        "IDENTITY_MAX_WORKERS": "1",
    }  # fmt: skip
    with probe(("identity", "ocr"), environment, tmp_path) as running:
        first, second = running.call(
            "ask", {"wish": "echo", "text": "long", "seconds": 3}, {"wish": "echo", "text": "behind it"}
        )
        assert {first["error"]["kind"], second["error"]["kind"]} == {"DeadlineExceeded"}
        eventually(lambda: running.metric('rpc_expired_dropped_total{service="identity"}'), 1.0)
        assert (tmp_path / "granted").read_text().splitlines() == ["long"]


def test_events_in_flight_when_the_process_is_killed_arrive_after_the_restart(
    embedded: Probe, file: Database
) -> None:
    """The bus dies with the process: what was published and is in no inbox is published again."""
    wanted = Counter({f"a-{number}": 1 for number in range(300)})
    _publish(embedded, *wanted)
    embedded.kill()
    assert sum(_handled(file).values()) < 300, "killed too late to prove anything"
    embedded.start()
    eventually(lambda: _handled(file), wanted, 60)


def test_handled_events_are_not_handled_again_after_a_restart(embedded: Probe, file: Database) -> None:
    _publish(embedded, "a-1", "a-2")
    eventually(lambda: _handled(file), Counter({"a-1": 1, "a-2": 1}))
    embedded.stop()
    embedded.start()
    _publish(embedded, "a-3")
    eventually(lambda: _handled(file), Counter({"a-1": 1, "a-2": 1, "a-3": 1}))


def test_readers_do_not_wait_for_a_long_transaction(embedded: Probe, file: Database) -> None:
    with file.transaction() as tx:
        tx.execute(handled.insert(), {"aggregate": "w", "number": 1, "pid": 1, "correlation_id": ""})
        ready = requests.get(embedded.url("/readyz"), timeout=2)
    assert ready.status_code == 200
    assert ready.elapsed.total_seconds() < 1
