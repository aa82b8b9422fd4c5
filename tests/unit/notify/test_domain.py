"""The life of a message, step by step."""

from __future__ import annotations

import datetime as dt

import pytest

from services.notify.domain.messages import (
    FIRST_RETRY,
    LEASE,
    LONGEST_RETRY,
    LOOK_AGAIN,
    MAX_AGE,
    MAX_ATTEMPTS,
    Accepted,
    Found,
    Message,
    NotFound,
    Outcome,
    Patience,
    Rejected,
    Remedy,
    Sms,
    State,
    Step,
    Unclear,
    may_still_send,
    next_step,
    retry_delay,
)
from services.notify.templates import Kind

NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
GRACE = dt.timedelta(seconds=120)
RECEIPT = dt.timedelta(seconds=300)
PATIENCE = Patience(GRACE, RECEIPT)
SECOND = dt.timedelta(seconds=1)


def message(tries: int = 1, age: dt.timedelta = SECOND, tried: dt.timedelta = SECOND) -> Message:
    return Message(
        Sms("m", Kind.PAYMENT_SUCCEEDED, "13800138000", {}), tries, NOW - age, NOW - tried, doubtful=False
    )


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (Accepted("7"), Step(State.SENT, NOW + RECEIPT, serial="7")),
        (Found("7"), Step(State.SENT, NOW + RECEIPT, serial="7")),
        (Found("7", delivered=True), Step(State.DELIVERED, serial="7")),
        (Found("7", "空号"), Step(State.UNDELIVERED, reason="空号", serial="7")),
        (Rejected("blacklist", Remedy.GIVE_UP), Step(State.UNDELIVERED, reason="blacklist")),
        (Rejected("limit", Remedy.RETRY), Step(State.QUEUED, NOW + FIRST_RETRY, "limit")),
        (Unclear("ReadTimeout"), Step(State.SENDING, NOW + LOOK_AGAIN, "ReadTimeout")),
    ],
)
def test_each_answer_leads_to_its_state(outcome: Outcome, step: Step) -> None:
    assert next_step(message(), outcome, NOW, PATIENCE) == step


def test_not_found_is_asked_again_within_the_grace() -> None:
    step = next_step(message(tried=GRACE - SECOND), NotFound(), NOW, PATIENCE)
    assert step.state is State.SENDING
    assert step.due_at is not None
    assert step.due_at > NOW


def test_not_found_is_sent_again_after_the_grace() -> None:
    step = next_step(message(tried=GRACE), NotFound(), NOW, PATIENCE)
    assert (step.state, step.due_at) == (State.QUEUED, NOW)


def test_the_older_a_doubt_the_longer_the_pause() -> None:
    pauses = []
    for hours in (0.1, 1, 10):
        due_at = next_step(message(tried=dt.timedelta(hours=hours)), Unclear("x"), NOW, PATIENCE).due_at
        assert due_at is not None
        pauses.append(due_at - NOW)
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_RETRY


@pytest.mark.parametrize("outcome", [Rejected("limit", Remedy.RETRY), NotFound()])
@pytest.mark.parametrize("tried_out", [{"tries": MAX_ATTEMPTS}, {"age": MAX_AGE + SECOND}])
def test_what_cannot_be_sent_is_given_up_with_a_reason(
    outcome: Outcome, tried_out: dict[str, object]
) -> None:
    step = next_step(message(tried=GRACE, **tried_out), outcome, NOW, PATIENCE)  # type: ignore[arg-type]
    assert step.state is State.UNDELIVERED
    assert step.reason


def test_a_doubt_is_never_queued_whatever_its_age() -> None:
    assert next_step(message(tries=MAX_ATTEMPTS), Unclear("x"), NOW, PATIENCE).state is State.SENDING
    old = next_step(message(age=MAX_AGE + SECOND), Unclear("x"), NOW, PATIENCE)
    assert old == Step(State.UNDELIVERED, reason="fate unknown: x")


def test_retries_double_up_to_the_longest() -> None:
    delays = [retry_delay(tries) for tries in range(1, MAX_ATTEMPTS + 1)]
    assert delays[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert delays[-1] == LONGEST_RETRY
    assert dt.timedelta(hours=4) < sum(delays, dt.timedelta()) < dt.timedelta(hours=12)


def test_a_claim_that_is_half_over_is_not_acted_on() -> None:
    assert may_still_send(message(tried=LEASE / 2 - SECOND), NOW)
    assert not may_still_send(message(tried=LEASE / 2), NOW)


def test_a_message_is_printed_without_its_phone_and_words() -> None:
    shown = repr(Message(Sms("m", Kind.LOGIN_CODE, "13800138000", {"code": "123456"}), 1, NOW, NOW, False))
    assert "13800138000" not in shown
    assert "123456" not in shown
