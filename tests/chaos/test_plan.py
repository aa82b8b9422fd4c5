"""Plans can be replayed, and hit everything they should."""

from __future__ import annotations

from collections import Counter

from tests.chaos.plan import PAYMENTS, REPLICAS, Act, Kind, make_plan


def test_same_seed_gives_same_plan_and_another_seed_another() -> None:
    assert make_plan(200, None, seed=7) == make_plan(200, None, seed=7)
    assert make_plan(200, None, seed=7) != make_plan(200, None, seed=8)


def test_short_plan_kills_every_service_twice_and_restarts_both_servers() -> None:
    plan = make_plan(200, None, seed=7)
    done = Counter((fault.act, fault.target) for fault in plan.faults)
    assert all(done[Act.KILL, service] >= 2 for service in REPLICAS)
    assert done[Act.RESTART, "rabbitmq"] == done[Act.RESTART, "postgresql"] == 1
    assert plan.payments == 200
    assert {journey.kind for journey in plan.journeys} == set(Kind) > PAYMENTS


def test_long_plan_crashes_both_servers() -> None:
    done = Counter((fault.act, fault.target) for fault in make_plan(2000, None, seed=7).faults)
    assert done[Act.CRASH, "rabbitmq"] == done[Act.CRASH, "postgresql"] == 1


def test_faults_fall_within_the_load_in_order() -> None:
    plan = make_plan(200, None, seed=7)
    places = [fault.after for fault in plan.faults]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= len(plan.journeys)
