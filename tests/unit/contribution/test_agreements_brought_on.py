"""Signing and cancelling brought to their end, with answers lost and processes killed."""

from __future__ import annotations

import pytest

from contract.agreement import AgreementState
from services.contribution.domain.agreements import Question, Trigger
from tests.fakes.contribution_agreements import Killed
from tests.unit.contribution.agreements import CANCEL, LOOK_UP, SIGN, VERIFY, Desk, signed


@pytest.mark.parametrize(
    ("lost", "asked"),
    [
        ([SIGN], [SIGN, LOOK_UP, VERIFY]),
        ([VERIFY], [SIGN, VERIFY, LOOK_UP]),
        ([SIGN, LOOK_UP], [SIGN, LOOK_UP, LOOK_UP, VERIFY]),
        ([SIGN, VERIFY], [SIGN, LOOK_UP, VERIFY, LOOK_UP]),
    ],
)
def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(
    desk: Desk, lost: list[Question], asked: list[Question]
) -> None:
    desk.core.loses = list(lost)
    view = desk.check(desk.sign().agreement_id)
    desk.look_after(1)
    assert desk.row(view.agreement_id).state is AgreementState.ACTIVE
    assert desk.core.asked == asked


def test_what_never_arrived_is_sent_again_once_the_core_says_so(desk: Desk) -> None:
    desk.core.deaf = [SIGN, SIGN]
    view = desk.check(desk.sign().agreement_id)
    assert (view.state, view.words) == (AgreementState.SIGNING, "")
    desk.look_after(1)
    assert desk.core.asked == [SIGN, LOOK_UP, SIGN, LOOK_UP, SIGN, VERIFY]
    assert desk.row(view.agreement_id).state is AgreementState.ACTIVE


def test_a_core_that_never_takes_it_ends_after_a_day(desk: Desk) -> None:
    desk.core.deaf = [SIGN] * 1000
    view = desk.check(desk.sign().agreement_id)
    desk.look_after(48)
    row = desk.row(view.agreement_id)
    assert (row.state, row.account_number, row.next_action_at) == (AgreementState.FAILED, None, None)
    assert desk.core.asked.count(SIGN) < 40


@pytest.mark.parametrize("question", [SIGN, VERIFY])
def test_a_process_killed_after_asking_leaves_what_ends_by_itself(desk: Desk, question: Question) -> None:
    view = desk.sign()
    desk.core.dies = [question]
    with pytest.raises(Killed):
        desk.check(view.agreement_id)
    assert desk.row(view.agreement_id).in_doubt
    before = len(desk.core.asked)
    assert desk.check(view.agreement_id).state in (AgreementState.SIGNING, AgreementState.PENDING)
    assert len(desk.core.asked) == before, "its lease keeps others away"
    desk.look_after(1)
    assert desk.row(view.agreement_id).state is AgreementState.ACTIVE
    assert desk.core.asked[before] is LOOK_UP
    assert desk.core.asked.count(SIGN) == 1


def test_a_process_killed_right_after_the_wish_is_found_by_the_timer(desk: Desk) -> None:
    view = desk.sign()
    desk.look_after(1)
    assert desk.row(view.agreement_id).state is AgreementState.ACTIVE


@pytest.mark.parametrize(
    ("loses", "deaf", "asked"),
    [([CANCEL], [], [CANCEL, LOOK_UP]), ([], [CANCEL], [CANCEL, LOOK_UP, CANCEL])],
)
def test_a_cancellation_whose_answer_is_lost_is_looked_up_first(
    desk: Desk, loses: list[Question], deaf: list[Question], asked: list[Question]
) -> None:
    agreement_id = signed(desk)
    desk.core.loses, desk.core.deaf = loses, deaf
    desk.cancel(agreement_id)
    desk.check(agreement_id)
    desk.look_after(1)
    assert desk.row(agreement_id).state is AgreementState.ENDED
    assert desk.core.asked == asked


def test_a_slow_cancellation_is_brought_to_its_end(desk: Desk) -> None:
    agreement_id = signed(desk)
    desk.core.bank = [(Trigger.ENDING, ""), (Trigger.ENDING, "")]
    desk.cancel(agreement_id)
    assert desk.check(agreement_id).state is AgreementState.CANCELLING
    desk.look_after(1)
    assert desk.row(agreement_id).state is AgreementState.ENDED
