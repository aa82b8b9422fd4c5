"""Consuming on RabbitMQ and PostgreSQL: no event is lost and none counts twice (design.md §6)."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import String, func, literal_column, select

from deploy.local.postgresql import PostgreSQL
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.database import Database
from kit.inbox import MAX_ATTEMPTS, Inbox, InboxState
from tests.integration.kit.bus import Bus, cloud_event
from tests.integration.kit.running import ROOT, Probe, eventually
from tests.integration.kit.tables import handled, inbox

NUMBER = "45010319780612204X"


@pytest.fixture
def name() -> str:
    return f"a-{uuid.uuid4().hex[:12]}"


def _handled(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(handled.c.aggregate)).scalars())


def _states(database: Database) -> Counter[str]:
    with database.read() as connection:
        rows = connection.execute(select(inbox.c.state, func.count().label("events")).group_by(inbox.c.state))
        return Counter({row.state: row.events for row in rows})


def _tries(served: Probe, name: str) -> int:
    path = served.scratch / f"tried-{name}"
    return len(path.read_text().splitlines()) if path.exists() else 0


def _pass_time(served: Probe, hours: int) -> None:
    (served.scratch / "clock-offset").write_text(str(3600 * hours))


def _parking(served: Probe, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kit.parking", *arguments],
        cwd=ROOT, env=served.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_an_event_is_handled_once_however_often_it_comes(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    body = cloud_event(name)
    bus.publish(*[body] * 20)
    eventually(lambda: _handled(database), Counter({name: 1}))
    bus.publish(body, cloud_event(f"{name}-last"))
    eventually(lambda: _handled(database), Counter({name: 1, f"{name}-last": 1}))


def test_two_systems_may_use_the_same_id(served: Probe, bus: Bus, database: Database, name: str) -> None:
    bus.publish(cloud_event(f"{name}-1", id="7"), cloud_event(f"{name}-2", id="7", source="/gx-tax/alipay"))
    eventually(lambda: _handled(database), Counter({f"{name}-1": 1, f"{name}-2": 1}))


@pytest.mark.parametrize("identifier", ["x" * 3000, "\0", "\ud800", "編號"], ids=ascii)
def test_an_odd_id_stops_nothing(
    served: Probe, bus: Bus, database: Database, name: str, identifier: str
) -> None:
    bus.publish(cloud_event(name, id=identifier), cloud_event(f"{name}-next"))
    eventually(lambda: _handled(database), Counter({name: 1, f"{name}-next": 1}))


def test_the_correlation_id_comes_with_the_event(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    bus.publish(cloud_event(name, correlationid="0123456789abcdef"))
    eventually(lambda: _handled(database), Counter({name: 1}))
    with database.read() as connection:
        assert connection.execute(select(handled.c.correlation_id)).scalar_one() == "0123456789abcdef"


def test_events_that_wait_together_share_a_transaction_each_in_its_own_name(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    together = {f"{name}-{number}": f"correlation-{number}" for number in range(60)}
    bus.publish(*[cloud_event(order, correlationid=told) for order, told in together.items()])
    eventually(lambda: len(_handled(database)), len(together))
    with database.read() as connection:
        transaction = literal_column("xmin").cast(String)
        rows = connection.execute(
            select(handled.c.aggregate, handled.c.correlation_id, transaction.label("one"))
        ).all()
    assert {row.aggregate: row.correlation_id for row in rows} == together
    assert len({row.one for row in rows}) < len(rows)


def test_one_that_fails_takes_nobody_with_it(served: Probe, bus: Bus, database: Database, name: str) -> None:
    others = [f"{name}-{number}" for number in range(40)]
    bodies = [cloud_event(order) for order in others]
    bus.publish(*bodies[:20], cloud_event(name, "fail:99"), *bodies[20:])
    eventually(lambda: _handled(database), Counter(others))
    eventually(lambda: _states(database), Counter({"done": 40, "retry": 1}))


def test_a_handler_that_fails_is_tried_again_with_growing_pauses(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    bus.publish(cloud_event(name, "fail:2"))
    eventually(lambda: _handled(database), Counter({name: 1}), 20)
    assert _tries(served, name) == 3
    times = [float(line) for line in (served.scratch / f"tried-{name}").read_text().splitlines()]
    assert 2 <= times[1] - times[0] < times[2] - times[1], "2 s, then 4 s"
    assert _states(database) == Counter({"done": 1})


def test_what_a_failed_attempt_did_is_undone(served: Probe, bus: Bus, database: Database, name: str) -> None:
    bus.publish(cloud_event(name, "fail:99"))
    eventually(lambda: _states(database), Counter({"retry": 1}))
    assert _handled(database) == Counter()


def test_an_event_that_always_fails_is_parked_and_an_operator_replays_it(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    body = cloud_event(name, "broken")
    body["data"]["contribution"]["insured_number"] = NUMBER
    bus.publish(body)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        eventually(lambda: _tries(served, name), attempt, 20)
        _pass_time(served, attempt)
    eventually(lambda: _states(database), Counter({"parked": 1}))
    eventually(lambda: served.metric('inbox_parked{service="identity"}'), 1.0)

    listed = _parking(served, "list", "identity")
    assert listed.returncode == 0
    assert body["id"] in listed.stdout and "LookupError: broken until repaired" in listed.stdout
    assert f"attempts={MAX_ATTEMPTS}" in listed.stdout and "1 parked" in listed.stdout

    shown = _parking(served, "show", "identity", body["id"])
    assert shown.returncode == 0
    assert name in shown.stdout and "broken until repaired" in shown.stdout
    assert NUMBER not in shown.stdout

    (served.scratch / "repaired").touch()
    replayed = _parking(served, "replay", "identity", body["id"])
    assert replayed.returncode == 0
    assert "1 consumers will try" in replayed.stdout
    eventually(lambda: _handled(database), Counter({name: 1}))
    assert "0 parked" in _parking(served, "list", "identity").stdout


def test_the_operator_is_told_when_there_is_no_such_event(served: Probe) -> None:
    for action in ("show", "replay"):
        done = _parking(served, action, "identity", "no-such-event")
        assert done.returncode == 1
    assert _parking(served, "show", "identity").returncode == 2, "an event must be named"


def test_reasons_carry_no_personal_data(served: Probe, bus: Bus, database: Database, name: str) -> None:
    bus.publish(cloud_event(name, "fail:99"))
    eventually(lambda: _states(database), Counter({"retry": 1}))
    with database.read() as connection:
        assert NUMBER not in connection.execute(select(inbox.c.reason)).scalar_one()
    assert NUMBER not in served.log


def _unfit() -> dict[str, tuple[Any, dict[str, str]]]:
    """Messages that fit no schema, each with the properties it comes with."""
    missing: dict[str, Any] = cloud_event("x")
    del missing["data"]["contribution"]["amount"]
    fraction = cloud_event("x")
    fraction["data"]["contribution"]["amount"] = 380.5
    return {
        "text": (b"hello", {}),
        "empty": (b"", {}),
        "no event": ({}, {}),
        "missing field": (missing, {}),
        "fraction of a fen": (fraction, {}),
        "no zone": (cloud_event("x", time="2026-11-23T00:05:00"), {}),
        "another type": (cloud_event("x", type="payment.succeeded.v1"), {}),
        "old version": (cloud_event("x", specversion="0.3"), {}),
        "pickle": (b"\x80\x05K\x01.", {"content_type": "application/x-python-serialize"}),
        "binary": (bytes(range(256)), {"content_type": "application/octet-stream", "content_encoding": "binary"}),
        "other words": ("Grüße".encode("latin-1"), {"content_type": "text/plain", "content_encoding": "latin-1"}),
        "compressed": (b"\x1f\x8b\x08\x00", {"content_encoding": "gzip"}),
        "deep": (b"[" * 50_000, {}),
    }  # fmt: skip


def test_messages_that_fit_no_schema_are_parked_with_their_reason(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    unfit = _unfit()
    for body, properties in unfit.values():
        bus.publish(body, **properties)
    bus.publish(cloud_event(name))
    eventually(lambda: _states(database), Counter({"parked": len(unfit), "done": 1}))
    assert _handled(database) == Counter({name: 1}), "and the next event is handled"
    with database.read() as connection:
        kept = Inbox(inbox).failures(connection, InboxState.PARKED)
    reasons = {failure.reason for failure in kept}
    assert any("amount" in reason or "contribution" in reason for reason in reasons)
    assert all(failure.reason for failure in kept)
    assert "hello" in {failure.raw for failure in kept}, "the message is kept as it came"
    listed = _parking(served, "list", "identity")
    assert f"{len(unfit)} parked" in listed.stdout


def test_the_same_unfit_message_is_parked_once(served: Probe, bus: Bus, database: Database) -> None:
    bus.publish(*[b"hello"] * 5)
    eventually(lambda: _states(database), Counter({"parked": 1}))
    time.sleep(1)
    assert _states(database) == Counter({"parked": 1})


def test_an_event_under_another_content_type_is_still_an_event(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    bus.publish(cloud_event(name), content_type="text/plain")
    eventually(lambda: _handled(database), Counter({name: 1}))


def test_events_wait_while_the_database_is_away(
    served: Probe, bus: Bus, postgres: PostgreSQL, database: Database, name: str
) -> None:
    pid = served.pid
    postgres.stop()
    try:
        bus.publish(*[cloud_event(f"{name}-{number}") for number in range(10)], b"not an event")
        time.sleep(4)
        assert served.alive
    finally:
        postgres.start()
    wanted = Counter({f"{name}-{number}": 1 for number in range(10)})
    eventually(lambda: _safely_handled(database), wanted, 60)
    eventually(lambda: _states(database)["parked"], 1, 60)
    assert served.pid == pid and served.alive


def _safely_handled(database: Database) -> Counter[str]:
    try:
        return _handled(database)
    except Exception:  # the test's own connections were cut as well
        return Counter()


def test_a_consumer_killed_in_mid_work_leaves_the_event_to_its_successor(
    served: Probe, bus: Bus, database: Database, name: str
) -> None:
    bus.publish(cloud_event(name, "hang"))
    assert wait_until(lambda: _tries(served, name) == 1, 20)
    before = served.pid
    served.kill()
    served.start()
    eventually(lambda: _handled(database), Counter({name: 1}), 40)
    assert served.pid != before
    assert _tries(served, name) == 2


def test_events_in_hand_when_the_broker_dies_count_once(
    served: Probe, bus: Bus, rabbitmq: RabbitMQ, database: Database, name: str
) -> None:
    pid = served.pid
    bus.publish(*[cloud_event(f"{name}-{number}", "slow:0.3") for number in range(15)])
    assert wait_until(lambda: _tries(served, f"{name}-7") == 1, 20)
    rabbitmq.kill()
    time.sleep(4)
    rabbitmq.start()
    bus.publish(cloud_event(f"{name}-after"))
    once = Counter({**{f"{name}-{number}": 1 for number in range(15)}, f"{name}-after": 1})
    eventually(lambda: _handled(database), once, 60)
    time.sleep(1)
    assert _handled(database) == once
    assert served.pid == pid and served.alive
