"""The limit on the tax–bank subsystem over two replicas, whatever becomes of them (requirements 3.1 容峰)."""

from __future__ import annotations

import datetime as dt
import signal
import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from deploy.local.postgresql import PostgreSQL
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import CHINA
from kit.database import Database
from kit.limiter import LEASE_SPARE
from sandbox.personas import personas
from services.contribution import demonstration
from services.contribution.models import kept_enrolments
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.integration.contribution.running import Replica, Residents, residents

LIMIT = 4
THIS_YEAR = dt.datetime.now(CHINA).year
_MEDICAL = (
    "medical_only",
    "medical_and_pension",
    "dotted_name",
    "rare_character",
    "under_14",
    "list_as_array",
)
PEOPLE = [{"name": p.name, "number": p.id_number} for p in personas() if p.persona in _MEDICAL]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def replicas(
    contribution_database: Database, postgres: PostgreSQL, rabbitmq: RabbitMQ, sandbox: RunningSandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Replica]]:  # fmt: skip
    """Two of them. One piece of work may take 2 s, and so a lease lasts 5."""
    with contribution_database.transaction() as tx:
        demonstration.load(tx)
    settings = {
        "AMQP_URI": rabbitmq.url("contribution"), "CONTRIBUTION_DATABASE_URL": postgres.url("contribution"),
        "TAXBANK_URL": sandbox.url, "TAXCORE_URL": f"{sandbox.url}/esb",
        "TAXBANK_TIMEOUT": "1", "TAXBANK_LIMIT": str(LIMIT), "TAXBANK_ROOM": "60", "UPSTREAM_REST": "1",
    }  # fmt: skip
    logs = tmp_path_factory.mktemp("replicas")
    replicas = [Replica(settings, logs / f"{number}.log") for number in (1, 2)]
    yield replicas
    for replica in replicas:
        if replica.alive:
            replica.kill(signal.SIGTERM)


@pytest.fixture
def running(replicas: list[Replica], sandbox: RunningSandbox) -> list[Replica]:
    """Both replicas, and a sandbox that answers in 100 ms and counts from now."""
    for replica in replicas:
        if not replica.alive:
            replica.start()
    sandbox.api("POST", "/reset")
    slow_down(sandbox, 100)
    return replicas


@pytest.fixture(scope="module")
def everybody(rabbitmq: RabbitMQ) -> Iterator[Residents]:
    with residents(rabbitmq.url("gateway")) as everybody:
        yield everybody


def slow_down(sandbox: RunningSandbox, milliseconds: int, **faults: Any) -> None:
    sandbox.api("PUT", "/settings", {"taxbank": {"latency_ms": milliseconds, **faults}})


def crowd(size: int) -> list[dict[str, str]]:
    return [PEOPLE[number % len(PEOPLE)] for number in range(size)]


def most_in_flight(sandbox: RunningSandbox) -> int:
    return int(sandbox.api("GET", "/counters")["max_in_flight"].get("taxbank", 0))


def asked(sandbox: RunningSandbox) -> dict[str, int]:
    """What the limited upstream was asked, how often. The tax core is another: agreements of other tests ask it."""
    calls: dict[str, int] = sandbox.api("GET", "/counters")["calls"]
    return {what: times for what, times in calls.items() if what.startswith("taxbank.")}


def active(replicas: list[Replica]) -> Replica:
    """The replica that asks the upstream right now, with all it may ask at once."""
    found: list[Replica] = []

    def look() -> bool:
        found[:] = [r for r in replicas if r.metric('upstream_in_flight{upstream="taxbank"}') == LIMIT]
        return bool(found)

    assert wait_until(look, 10, pause=0.05)
    assert len(found) == 1
    return found[0]


def fared(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome.get("error", "completed") for outcome in outcomes]


def test_two_replicas_ask_no_more_than_the_limit_and_payments_overtake_queries(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    slow_down(sandbox, 250)
    outcomes = everybody.go(crowd(40), THIS_YEAR).result(60)
    assert fared(outcomes) == ["completed"] * 40
    assert most_in_flight(sandbox) == LIMIT, "neither more, nor room left unused"
    calls = asked(sandbox)
    assert calls == {"taxbank.insured": 40, "taxbank.resident_payable": 40}
    enrolment, quote = (statistics.median(o[what] for o in outcomes) for what in ("enrolment", "quote"))
    assert quote < enrolment, "in order of arrival every payment would wait for all queries before it"


def test_work_of_a_killed_replica_is_over_before_the_next_begins(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    slow_down(sandbox, 800)
    journeys = everybody.go(crowd(8), THIS_YEAR)
    active(running).kill()
    slow_down(sandbox, 100)
    assert fared(journeys.result(40)) == ["completed"] * 8, (
        "the other one took over what waited and what was lost"
    )
    assert most_in_flight(sandbox) == LIMIT


def test_a_replica_that_stops_hands_over_at_once(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    slow_down(sandbox, 300)
    began = time.monotonic()
    journeys = everybody.go(crowd(20), THIS_YEAR)
    assert active(running).kill(signal.SIGTERM) == 0
    assert fared(journeys.result(40)) == ["completed"] * 20
    assert time.monotonic() - began < 30
    calls = asked(sandbox)
    assert calls == {"taxbank.insured": 20, "taxbank.resident_payable": 20}, "nobody was asked about twice"
    assert most_in_flight(sandbox) == LIMIT


def test_replicas_that_lose_the_broker_do_not_ask_twice_as_much(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents, rabbitmq: RabbitMQ
) -> None:
    slow_down(sandbox, 800)
    journeys = everybody.go(crowd(8), THIS_YEAR)
    active(running)
    rabbitmq.control("close_all_connections", "a test")
    journeys.result(60)
    rabbitmq.kill()
    rabbitmq.start()
    slow_down(sandbox, 100)
    last: list[str] = []

    def work() -> bool:
        last[:] = fared(everybody.go(crowd(1), THIS_YEAR).result(40))
        return last == ["completed"]

    assert wait_until(work, 40), last
    assert fared(everybody.go(crowd(12), THIS_YEAR).result(40)) == ["completed"] * 12
    assert most_in_flight(sandbox) == LIMIT


def test_who_finds_no_room_hears_how_many_are_ahead(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    outcomes = everybody.go(crowd(100), THIS_YEAR).result(40)
    refused = [outcome for outcome in outcomes if outcome.get("error") == "upstream_busy"]
    assert len(refused) in range(20, 41)
    assert all(50 <= o["detail"]["ahead"] <= 60 and o["detail"]["retry_after"] >= 2 for o in refused)
    assert all(outcome["seconds"] < 5 for outcome in refused)
    assert fared(outcomes).count("completed") == 100 - len(refused), "who has a place is served"
    assert sum(r.metric('upstream_refused_total{priority="query",reason="full",upstream="taxbank"}')
               for r in running) == len(refused)  # fmt: skip


def test_an_upstream_that_fails_is_left_alone_and_what_it_said_last_is_shown(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents, contribution_database: Database
) -> None:
    with contribution_database.transaction() as tx:
        tx.execute(kept_enrolments.delete())
    known, stranger = crowd(2)
    assert fared(everybody.go([known], THIS_YEAR).result(40)) == ["completed"]
    slow_down(sandbox, 0, error_rate=1)
    assert fared(everybody.go([stranger] * 8, THIS_YEAR).result(40)) == ["upstream_unavailable"] * 8
    assert sandbox.api("GET", "/counters")["answers"]["taxbank.insured"]["503"] in range(5, 9)
    breakers = [r.metric('upstream_breaker{upstream="taxbank"}') for r in running]
    assert sorted(breakers) == [0, 2], "the active replica's is open; the other asks nobody"
    (shown,) = everybody.go([known], THIS_YEAR).result(40)
    assert shown["as_of"].startswith(str(THIS_YEAR)), "the enrolment it gave before, with its time"
    assert shown["error"] == "upstream_unavailable", "a quote needs the upstream itself"
    slow_down(sandbox, 0, error_rate=0)
    time.sleep(1)
    (again,) = everybody.go([known], THIS_YEAR).result(40)
    assert (again["as_of"], again["completed"]) == ("", True), "the probe closed the breaker"
    assert all(requests.get(f"{replica.url}/readyz", timeout=5).ok for replica in running)


def test_after_a_takeover_the_next_replica_probes_with_a_single_call(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    """Each replica has a breaker of its own: the next one finds out for itself, within as many failures."""
    slow_down(sandbox, 0, error_rate=1)
    assert fared(everybody.go(crowd(8), THIS_YEAR).result(40)) == ["upstream_unavailable"] * 8
    first = next(r for r in running if r.metric('upstream_breaker{upstream="taxbank"}') == 2)
    second = next(r for r in running if r is not first)
    first.kill()
    assert fared(everybody.go(crowd(8), THIS_YEAR).result(40)) == ["upstream_unavailable"] * 8
    assert second.metric('upstream_breaker{upstream="taxbank"}') == 2
    refused = sum(answers["503"] for answers in sandbox.api("GET", "/counters")["answers"].values())
    assert refused in range(10, 2 * (5 + LIMIT)), "five failures each, and what was in flight then"
    sandbox.api("POST", "/reset")
    slow_down(sandbox, 800)
    time.sleep(1)
    outcomes = everybody.go(crowd(6), THIS_YEAR).result(40)
    assert fared(outcomes).count("completed") == 1, "the one whose call was the probe"
    assert asked(sandbox) == {"taxbank.insured": 1, "taxbank.resident_payable": 1}
    assert fared(everybody.go(crowd(6), THIS_YEAR).result(40)) == ["completed"] * 6


def test_the_quota_used_is_counted_by_operation_and_outcome(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents
) -> None:
    def used() -> dict[str, float]:
        name = 'upstream_calls_total{{operation="{}",outcome="{}",upstream="taxbank"}}'
        kinds = [("insured", "answered"), ("resident-payable", "answered"), ("insured", "failed")]
        return {" ".join(kind): sum(r.metric(name.format(*kind)) for r in running) for kind in kinds}

    before = used()
    assert fared(everybody.go(crowd(3), THIS_YEAR).result(40)) == ["completed"] * 3
    slow_down(sandbox, 0, error_rate=1)
    everybody.go(crowd(1), THIS_YEAR).result(40)
    spent = {kind: count - before[kind] for kind, count in used().items()}
    assert spent == {"insured answered": 3, "resident-payable answered": 3, "insured failed": 1}
    shown = requests.get(f"{running[0].url}/metrics", timeout=5).text
    for family in ("in_flight", "waiting", "wait_seconds", "refused", "calls", "breaker"):
        assert f"# HELP upstream_{family}" in shown


def test_without_its_database_a_replica_asks_nothing_and_goes_on_when_it_is_back(
    running: list[Replica], sandbox: RunningSandbox, everybody: Residents, postgres: PostgreSQL,
    contribution_database: Database,
) -> None:  # fmt: skip
    time.sleep(LEASE_SPARE + 1)  # idle, a replica gives its lease back
    postgres.kill()
    try:
        journeys = everybody.go(crowd(6), THIS_YEAR)
        time.sleep(2)
        assert most_in_flight(sandbox) == 0, "nobody can know whether another replica asks"
    finally:
        postgres.start()
    assert wait_until(contribution_database.answers, 20)
    assert fared(journeys.result(40)) == ["completed"] * 6
    assert most_in_flight(sandbox) <= LIMIT
