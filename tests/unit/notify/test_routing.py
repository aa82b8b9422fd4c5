"""Which provider takes a message, and how fast."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notify.domain.routing import (
    DRIFT_EVERY,
    FULL,
    LEAST,
    Provider,
    Standing,
    Traffic,
    choose,
    first_free,
    next_standing,
    room,
    too_weak_for_codes,
    unknown,
)

NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
A, B = Provider("a", 70, 100), Provider("b", 30, 10)
GOOD, BAD = Traffic(20, 1, 0.2), Traffic(20, 6, 0.2)


def standings(a: int = FULL, b: int = FULL) -> dict[str, Standing]:
    return {name: replace(unknown(name, NOW), share=share) for name, share in (("a", a), ("b", b))}


@pytest.mark.parametrize(("draw", "name"), [(0.0, "a"), (0.69, "a"), (0.71, "b"), (0.999, "b")])
def test_weights_decide(draw: float, name: str) -> None:
    chosen = choose([A, B], standings(), (), draw)
    assert chosen is not None
    assert chosen.name == name


def test_a_provider_in_trouble_keeps_a_little() -> None:
    picks = [choose([A, B], standings(a=LEAST), (), n / 1000) for n in range(1000)]
    taken = sum(pick is A for pick in picks)
    assert 90 < taken < 120  # 70 × 5 of 70 × 5 + 30 × 100


def test_nobody_is_left_when_all_are_excluded() -> None:
    assert choose([A, B], standings(), {"a", "b"}, 0.5) is None
    assert choose([A, B], standings(), {"a"}, 0.0) is B


@pytest.mark.parametrize("traffic", [BAD, Traffic(5, 1, 0.1), Traffic(20, 0, 2.5)])
def test_errors_and_slowness_cost_the_share_at_once(traffic: Traffic) -> None:
    assert next_standing(standings()["a"], traffic, NOW).share == LEAST


@pytest.mark.parametrize("traffic", [GOOD, Traffic(), Traffic(4, 4, 9.0)])
def test_good_or_little_traffic_changes_nothing(traffic: Traffic) -> None:
    before = standings()["a"]
    assert next_standing(before, traffic, NOW + DRIFT_EVERY) is before


def test_a_share_drifts_back_step_by_step_and_falls_again_at_once() -> None:
    standing, now, shares = standings(a=LEAST)["a"], NOW, []
    for _ in range(10):
        now += DRIFT_EVERY
        standing = next_standing(standing, GOOD, now)
        shares.append(standing.share)
        assert next_standing(standing, GOOD, now + DRIFT_EVERY / 2) is standing
    assert shares == [15, 25, 35, 45, 55, 65, 75, 85, 95, 100]
    assert next_standing(standing, BAD, now).share == LEAST


def test_trouble_that_goes_on_keeps_the_share_down() -> None:
    standing, now = standings(a=LEAST)["a"], NOW
    for _ in range(60):
        now += dt.timedelta(seconds=2)
        standing = next_standing(standing, BAD, now)
        assert standing.share == LEAST
    assert now - standing.changed_at < DRIFT_EVERY


def test_codes_avoid_a_provider_in_trouble_unless_all_are() -> None:
    assert too_weak_for_codes([A, B], standings(a=LEAST)) == {"a"}
    assert too_weak_for_codes([A, B], standings(a=LEAST, b=LEAST)) == set()
    assert too_weak_for_codes([A], standings(a=LEAST)) == set()


def test_what_was_not_used_for_a_while_is_lost_but_for_a_moment() -> None:
    assert room(A, unknown("a", NOW), NOW) == 25  # a quarter of a second
    assert 9 <= room(A, replace(unknown("a", NOW), next_at=NOW.timestamp() - 0.1), NOW) <= 10
    assert room(A, replace(unknown("a", NOW), next_at=NOW.timestamp() + 1), NOW) <= 0


def test_a_slow_provider_takes_one_after_the_other() -> None:
    slow = Provider("slow", 1, 0.5)
    assert room(slow, unknown("slow", NOW), NOW) == 1
    assert first_free(slow, unknown("slow", NOW), NOW) == NOW.timestamp() - 2


def test_a_clock_that_was_set_back_stops_nobody() -> None:
    later = replace(
        unknown("a", NOW), next_at=NOW.timestamp() + 1860, share=LEAST, changed_at=NOW + DRIFT_EVERY * 60
    )
    assert room(A, later, NOW) == 25
    assert next_standing(later, GOOD, NOW).share == LEAST + 10
