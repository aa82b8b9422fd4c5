"""When an upstream is left alone, and when it is tried again."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from contract.contribution import EnrolmentNotFound
from contract.errors import Unavailable
from contract.upstream import UpstreamUnavailable
from kit.breaker import Breaker, BreakerState
from kit.upstream import Upstream

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


class Time:
    """A monotonic clock a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        admitted = breaker.admit()
        assert admitted is not None
        breaker.record(admitted, answered=False)


def test_it_opens_after_failures_in_a_row_and_an_answer_begins_the_count_anew(time: Time) -> None:
    breaker = Breaker(3, 10, time)
    fail(breaker, 2)
    admitted = breaker.admit()
    assert admitted is not None
    breaker.record(admitted, answered=True)
    fail(breaker, 2)
    assert breaker.state is CLOSED
    fail(breaker, 1)
    assert (breaker.state, breaker.admit()) == (OPEN, None)


@pytest.mark.parametrize(("answered", "state"), [(True, CLOSED), (False, OPEN)])
def test_after_a_rest_one_call_decides(time: Time, answered: bool, state: BreakerState) -> None:
    breaker = Breaker(1, 10, time)
    fail(breaker, 1)
    time.now = 9.9
    assert breaker.admit() is None
    time.now = 10.0
    probe = breaker.admit()
    assert probe is not None and breaker.state is HALF_OPEN
    assert breaker.admit() is None, "one call, not all that wait"
    breaker.record(probe, answered)
    assert breaker.state is state
    assert (breaker.admit() is None) is (state is OPEN), "and it rests for as long again"


@pytest.mark.parametrize("answered", [True, False])
def test_the_late_outcome_of_a_call_from_before_decides_nothing(time: Time, answered: bool) -> None:
    breaker = Breaker(1, 10, time)
    early = breaker.admit()
    assert early is not None
    fail(breaker, 1)
    breaker.record(early, answered)
    assert breaker.state is OPEN
    time.now = 10.0
    assert breaker.admit() is not None
    breaker.record(early, answered)
    assert breaker.state is HALF_OPEN


class AnyOrder(RuleBasedStateMachine):
    """Calls begin and end in any order while time passes."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.breaker = Breaker(3, 10, self.time)
        self.opened_at: float | None = None
        self.probing = 0

    @rule(target=calls)
    def begin(self) -> tuple[int | None, bool]:
        admitted = self.breaker.admit()
        probe = admitted is not None and self.breaker.state is HALF_OPEN
        if probe:
            assert self.opened_at is not None and self.time.now - self.opened_at >= 10
            self.probing += 1
        if self.opened_at is not None and self.time.now - self.opened_at < 10:
            assert admitted is None, "an upstream that rests is left alone"
        return admitted, probe

    @rule(call=consumes(calls), answered=st.booleans())
    def end(self, call: tuple[int | None, bool], answered: bool) -> None:
        admitted, probe = call
        if admitted is None:
            return
        before = self.breaker.state
        self.breaker.record(admitted, answered)
        after = self.breaker.state
        if before in (OPEN, HALF_OPEN) and not probe:
            assert after is before
        if probe:
            self.probing -= 1
            assert after is (CLOSED if answered else OPEN)
        if after is OPEN and before is not OPEN:
            self.opened_at = self.time.now
        elif after is CLOSED:
            self.opened_at = None

    @rule(seconds=st.floats(0.1, 12))
    def wait(self, seconds: float) -> None:
        self.time.now += seconds

    @invariant()
    def one_probe_at_most(self) -> None:
        assert self.probing == (1 if self.breaker.state is HALF_OPEN else 0)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("error", [UpstreamUnavailable(), Unavailable(), ValueError("unforeseen")])
def test_no_answer_and_anything_unforeseen_is_a_failure(time: Time, error: Exception) -> None:
    breaker = Breaker(1, 10, time)
    with pytest.raises(type(error)), Upstream("tested", breaker).call("asked"):
        raise error
    assert breaker.state is OPEN


def test_an_answer_that_says_no_is_an_answer(time: Time) -> None:
    breaker = Breaker(1, 10, time)
    with pytest.raises(EnrolmentNotFound), Upstream("tested", breaker).call("asked"):
        raise EnrolmentNotFound
    assert breaker.state is CLOSED


def test_while_it_is_open_nothing_is_asked_and_the_caller_hears_where_the_money_is(time: Time) -> None:
    breaker, asked = Breaker(1, 10, time), []
    fail(breaker, 1)
    with pytest.raises(UpstreamUnavailable, match="没有扣款"), Upstream("tested", breaker).call("asked"):
        asked.append(1)
    assert asked == []
