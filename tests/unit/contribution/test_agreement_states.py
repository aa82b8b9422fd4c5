"""Every edge of an agreement, what is asked next, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.agreement import AgreementNotActive, AgreementState, Authority, AuthorityUnknown
from contract.contribution import EnrolmentEntry
from contract.insurance import InsuranceType
from services.contribution.domain import agreements as domain
from services.contribution.domain.agreements import EDGES, FINAL, LIVE, Agreement, Question, Report, Trigger

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
A_DAY = dt.timedelta(days=1)
SIGNING, PENDING, ACTIVE = AgreementState.SIGNING, AgreementState.PENDING, AgreementState.ACTIVE
FAILED, CANCELLING, ENDED = AgreementState.FAILED, AgreementState.CANCELLING, AgreementState.ENDED

EXPECTED = {
    SIGNING: {"accepted": PENDING, "passed": ACTIVE, "refused": FAILED, "ending": CANCELLING, "over": FAILED,
              "gone": FAILED},
    PENDING: {"passed": ACTIVE, "refused": FAILED, "ending": CANCELLING, "over": FAILED, "gone": FAILED},
    ACTIVE: {"wished_away": CANCELLING, "ending": CANCELLING, "over": ENDED, "gone": ENDED},
    CANCELLING: {"over": ENDED, "gone": ENDED, "kept": ACTIVE},
    FAILED: {},
    ENDED: {},
}  # fmt: skip


def agreement(state: AgreementState = SIGNING, **changed: object) -> Agreement:
    made = Agreement(
        agreement_id="a1", person_id="person-1", idempotency_key="key-1", registration_number="1012",
        bank_code="105", bank_name="中国建设银行", clearing_number="105100000017", account_tail="0051",
        account_number="6217003410000000051", holder="韦秀兰", agency_name="青秀中心", authority_code="14501030000",
        consent_version="2026-11", state=state, created_at=NOW, next_action_at=NOW,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(AgreementState))
@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_edge_leads_where_it_should_and_nothing_else_moves(
    state: AgreementState, trigger: Trigger
) -> None:
    expected = EXPECTED[state].get(trigger.value)
    assert EDGES.get((state, trigger)) is expected
    if trigger is Trigger.WISHED_AWAY:
        return
    after = domain.apply(agreement(state), Report(trigger, Question.LOOK_UP), NOW)
    assert after.state is (expected or state)


def test_every_state_that_is_not_final_has_a_way_on() -> None:
    assert {state for state, _ in EDGES} == set(LIVE) == set(AgreementState) - set(FINAL)
    assert all(state.settled == (state in FINAL or state is ACTIVE) for state in AgreementState)


@pytest.mark.parametrize(
    ("state", "in_doubt", "question"),
    [
        (SIGNING, False, Question.SIGN), (PENDING, False, Question.VERIFY), (CANCELLING, False, Question.CANCEL),
        (ACTIVE, False, Question.LOOK_UP), (SIGNING, True, Question.LOOK_UP), (PENDING, True, Question.LOOK_UP),
        (CANCELLING, True, Question.LOOK_UP), (FAILED, True, None), (ENDED, False, None),
    ],
)  # fmt: skip
def test_in_doubt_the_core_is_asked_before_anything_is_sent_again(
    state: AgreementState, in_doubt: bool, question: Question | None
) -> None:
    assert domain.next_question(agreement(state, in_doubt=in_doubt)) is question


@pytest.mark.parametrize("state", [SIGNING, PENDING, CANCELLING])
def test_no_answer_leaves_the_doubt(state: AgreementState) -> None:
    after = domain.apply(agreement(state, in_doubt=True), Report(Trigger.UNANSWERED, Question.VERIFY), NOW)
    assert (after.state, after.in_doubt, after.attempts) == (state, True, 1)


def test_what_never_arrived_is_sent_again_and_given_up_after_a_day() -> None:
    absent = Report(Trigger.ABSENT, Question.LOOK_UP)
    early = domain.apply(agreement(in_doubt=True), absent, NOW + A_DAY - dt.timedelta(seconds=1))
    assert (early.state, early.in_doubt) == (SIGNING, False)
    late = domain.apply(agreement(in_doubt=True), absent, NOW + A_DAY)
    assert (late.state, late.ended_at, late.next_action_at) == (FAILED, NOW + A_DAY, None)


def test_what_the_core_had_and_does_not_show_now_stays_in_doubt() -> None:
    after = domain.apply(agreement(PENDING, in_doubt=True), Report(Trigger.ABSENT, Question.LOOK_UP), NOW)
    assert (after.state, after.in_doubt) == (PENDING, True)


def test_the_account_is_forgotten_once_the_core_has_it_and_not_before() -> None:
    kept = domain.apply(agreement(), Report(Trigger.UNANSWERED, Question.SIGN), NOW)
    assert (kept.account_number, kept.holder) == ("6217003410000000051", "韦秀兰")
    for trigger in (Trigger.ACCEPTED, Trigger.PASSED, Trigger.REFUSED, Trigger.OVER):
        after = domain.apply(agreement(), Report(trigger, Question.SIGN), NOW)
        assert (after.account_number, after.holder, after.account_tail) == (None, None, "0051")


def test_words_stay_until_something_else_happens() -> None:
    refused = domain.apply(agreement(PENDING), Report(Trigger.REFUSED, Question.VERIFY, "账户状态异常"), NOW)
    assert refused.words == "账户状态异常"
    kept = domain.apply(agreement(CANCELLING), Report(Trigger.KEPT, Question.CANCEL, "有未完成的扣款"), NOW)
    assert (kept.state, kept.words) == (ACTIVE, "有未完成的扣款")
    looked_up = domain.apply(kept, Report(Trigger.PASSED, Question.LOOK_UP), NOW)
    assert looked_up.words == "有未完成的扣款"
    assert domain.wish_away(looked_up, NOW).words == ""


def test_active_since_the_first_time_even_when_the_bank_kept_it() -> None:
    since = NOW - A_DAY
    kept = domain.apply(agreement(CANCELLING, active_at=since), Report(Trigger.KEPT, Question.CANCEL), NOW)
    assert kept.active_at == since


def test_only_what_is_in_force_is_cancelled_and_once() -> None:
    wished = domain.wish_away(agreement(ACTIVE, looked_at=NOW), NOW)
    assert (wished.state, wished.next_action_at, wished.looked_at) == (CANCELLING, NOW, None)
    assert domain.wish_away(wished, NOW) is wished
    over = agreement(ENDED)
    assert domain.wish_away(over, NOW) is over
    for state in (SIGNING, PENDING, FAILED):
        with pytest.raises(AgreementNotActive):
            domain.wish_away(agreement(state), NOW)


def test_nobody_asks_while_somebody_does_or_just_did() -> None:
    free, second = agreement(PENDING), dt.timedelta(seconds=1)
    assert domain.may_ask(free, NOW)
    held = domain.hold(free, NOW)
    assert (held.held_until, held.next_action_at) == (NOW + domain.LEASE,) * 2
    assert not domain.may_ask(held, NOW + domain.LEASE - second)
    assert domain.may_ask(held, NOW + domain.LEASE)
    asked = domain.apply(held, Report(Trigger.ACCEPTED, Question.VERIFY), NOW)
    assert not domain.may_ask(asked, NOW + domain.REST - second)
    assert domain.may_ask(asked, NOW + domain.REST)
    active = domain.apply(held, Report(Trigger.PASSED, Question.VERIFY), NOW)
    assert not domain.may_ask(active, NOW + domain.ACTIVE_REST - second)
    assert domain.may_ask(active, NOW + domain.ACTIVE_REST)
    assert not domain.may_ask(agreement(ENDED), NOW + A_DAY)


def test_it_is_looked_at_ever_more_slowly_but_never_not_at_all() -> None:
    waits = [domain.next_look(attempts, NOW) - NOW for attempts in range(60)]
    assert waits[0] == dt.timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == dt.timedelta(hours=6)


@pytest.mark.parametrize("question", [Question.VERIFY, Question.CANCEL])
def test_a_bank_that_has_not_answered_is_asked_again_later_not_at_once(question: Question) -> None:
    state = PENDING if question is Question.VERIFY else CANCELLING
    trigger = Trigger.ACCEPTED if question is Question.VERIFY else Trigger.ENDING
    before, report = agreement(state, in_doubt=True), Report(trigger, question)
    after = domain.apply(before, report, NOW)
    assert (after.in_doubt, domain.goes_on(before, report, after)) == (False, False)
    assert after.next_action_at == NOW + dt.timedelta(seconds=10)


def test_of_who_was_erased_an_agreement_keeps_only_what_it_still_needs() -> None:
    standing = domain.forget(agreement(ACTIVE, account_number=None, holder=None))
    assert (standing.forgotten, standing.account_tail, standing.registration_number) == (True, "0051", "1012")
    ended = domain.apply(standing, Report(Trigger.OVER, Question.LOOK_UP, "银行已终止"), NOW)
    assert (ended.state, ended.account_tail, ended.registration_number, ended.words) == (ENDED, "", "", "")
    failed = domain.forget(agreement(FAILED))
    assert (failed.account_number, failed.holder, failed.bank_code) == (None, None, "105")


def entry(agency: str, authority: str = "", division: str = "450103") -> EnrolmentEntry:
    return EnrolmentEntry(
        "1", InsuranceType.MEDICAL, "45010301", agency, "number", authority, division, "product"
    )


def test_the_authority_is_the_enrolments_or_that_of_its_division() -> None:
    assert domain.authority_of(entry("青秀", "14501030000")).code == "14501030000"
    assert domain.authority_of(entry("青秀")) == Authority("14501030000", "青秀", "450103")
    assert domain.authority_of(entry("建政", division="450103001")).code == "14501030000"


def test_each_authority_is_offered_once_and_several_are_a_choice() -> None:
    entries = (entry("青秀医保", "1"), entry("玉州", "2"), entry("青秀养老", "1"))
    offered = domain.authorities_of(entries)
    assert [(one.code, one.agency_name) for one in offered] == [("1", "青秀医保"), ("2", "玉州")]
    assert domain.choose_authority(offered, "2").agency_name == "玉州"
    assert domain.choose_authority(offered[:1], "").code == "1"
    for code in ("", "3"):
        with pytest.raises(AuthorityUnknown):
            domain.choose_authority(offered, code)
