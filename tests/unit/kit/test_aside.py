"""Work that outlives the request that began it."""

from __future__ import annotations

import logging

import eventlet
import pytest
from eventlet.event import Event

from contract.errors import Refused
from kit import telemetry
from kit.aside import Aside

PATIENCE = 0.05


@pytest.fixture
def aside() -> Aside:
    return Aside(seats=1, patience=PATIENCE)


def test_what_is_done_soon_is_answered_at_once(aside: Aside) -> None:
    assert aside.run(lambda: "done") == "done"


def test_what_goes_wrong_soon_is_heard_of(aside: Aside) -> None:
    def refuse() -> None:
        raise Refused("不行")

    with pytest.raises(Refused, match="不行"):
        aside.run(refuse)


def test_what_takes_longer_goes_on_under_the_same_correlation_id(aside: Aside) -> None:
    telemetry.correlate("a-long-question")
    seen: list[str] = []

    def work() -> str:
        eventlet.sleep(2 * PATIENCE)
        seen.append(telemetry.correlation_id())
        return "late"

    assert aside.run(work) is None
    assert not seen
    aside.wait(1)
    assert seen == ["a-long-question"]


def test_with_all_seats_taken_nobody_else_stays(aside: Aside) -> None:
    go = Event()
    eventlet.spawn(aside.run, go.wait)
    eventlet.sleep(0)
    assert aside.run(lambda: "not waited for") is None
    go.send()
    aside.wait(1)
    assert aside.run(lambda: "waited for") == "waited for"


def test_a_crash_that_nobody_hears_is_logged(aside: Aside, caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> None:
        eventlet.sleep(2 * PATIENCE)
        raise ValueError("a mistake of ours")

    with caplog.at_level(logging.ERROR):
        assert aside.run(crash) is None
        aside.wait(1)
    assert "crashed" in caplog.text


def test_who_stops_waits_no_longer_than_it_may(aside: Aside) -> None:
    never = Event()
    aside.run(never.wait)
    aside.wait(PATIENCE)
    never.send()
