"""Signing and cancelling: what is checked, kept, told and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.agreement import (
    AgreementExists,
    AgreementKeyUsed,
    AgreementNotFound,
    AgreementOfPerson,
    AgreementState,
    AuthorityUnknown,
    BankUnknown,
    CancelAgreement,
    DraftExpired,
    DraftOfPerson,
    InvalidAccount,
    ListAgreements,
    SignAgreement,
)
from contract.audit import Act, Action
from contract.contribution import Enrolment, EnrolmentNotFound
from contract.identity import ConsentMissing
from contract.insurance import PayerKind
from services.contribution.domain.agreements import Trigger
from services.contribution.domain.banks import BankList, BankRule
from services.contribution.usecases import agreements as usecases
from tests.fakes.contribution_agreements import HistoryLine
from tests.fakes.contribution_taxcore import FakeAudit
from tests.unit.contribution.agreements import (
    AWAY,
    CANCEL,
    HOME,
    LOOK_UP,
    NOW,
    OTHER_CARD,
    SIGN,
    VERIFY,
    WEI,
    Desk,
    signed,
)
from tests.unit.contribution.test_banks import BANKS, CARD


def test_what_is_prepared_is_checked_sealed_and_masked(desk: Desk) -> None:
    prepared = desk.prepare("6217 0034 1000 0000 051")
    assert (prepared.bank_name, prepared.account, prepared.holder) == ("中国建设银行", "**** 0051", "韦**")
    assert [authority.code for authority in prepared.authorities] == ["14501030000"]
    assert CARD not in prepared.draft
    assert "韦秀兰" not in prepared.draft
    assert desk.rows.rows == {}, "nothing is kept before it is signed"


def test_a_draft_is_shown_again_to_its_person_while_it_is_good(desk: Desk) -> None:
    prepared = desk.prepare()
    assert usecases.read_draft(DraftOfPerson("person-1", prepared.draft), desk.w) == prepared
    with pytest.raises(DraftExpired):
        usecases.read_draft(DraftOfPerson("person-2", prepared.draft), desk.w)
    desk.clock.advance(seconds=900)
    with pytest.raises(DraftExpired):
        usecases.read_draft(DraftOfPerson("person-1", prepared.draft), desk.w)


def test_a_wrong_account_asks_nobody(desk: Desk) -> None:
    with pytest.raises(InvalidAccount):
        desk.prepare("6217003410000000052")
    with pytest.raises(BankUnknown):
        desk.prepare(bank="999")
    assert desk.taxbank.asked == []


def test_who_is_not_enrolled_has_no_authority(desk: Desk) -> None:
    desk.taxbank.enrolment = None
    with pytest.raises(EnrolmentNotFound):
        desk.prepare()


def test_the_wish_is_committed_before_the_core_hears_of_it(desk: Desk) -> None:
    view = desk.sign()
    assert view.state is AgreementState.SIGNING
    assert desk.core.asked == []
    row = desk.row(view.agreement_id)
    assert (row.account_number, row.holder, row.registration_number) == (CARD, "韦秀兰", "1012")
    assert (row.next_action_at, row.consent_version) == (NOW, "2026-11")
    assert desk.rows.history == [HistoryLine("person", "wished", "", "signing")]


def test_it_is_signed_and_verified_in_one_go(desk: Desk) -> None:
    view = desk.check(desk.sign().agreement_id)
    assert (view.state, view.active_at, view.words) == (AgreementState.ACTIVE, NOW, "")
    assert desk.core.asked == [SIGN, VERIFY]
    assert desk.row(view.agreement_id).account_number is None
    assert [(line.source, line.to_state) for line in desk.rows.history[1:]] == [
        ("sign", "pending"), ("verify", "active"),
    ]  # fmt: skip


def test_the_banks_no_is_told_in_its_words_and_leaves_the_account_free(desk: Desk) -> None:
    desk.core.bank = [(Trigger.REFUSED, "账户状态异常，请到开户银行网点核实")]
    view = desk.check(desk.sign().agreement_id)
    assert (view.state, view.words) == (AgreementState.FAILED, "账户状态异常，请到开户银行网点核实")
    again = desk.sign(key="key-2")
    assert again.agreement_id != view.agreement_id


def test_the_cores_no_is_told_in_its_words(desk: Desk) -> None:
    desk.core.refuses = "该账号已签订三方协议，请勿重复签订"
    view = desk.check(desk.sign().agreement_id)
    assert (view.state, view.words) == (AgreementState.FAILED, "该账号已签订三方协议，请勿重复签订")
    assert desk.core.asked == [SIGN]


def test_a_slow_bank_is_asked_again_by_the_timer(desk: Desk) -> None:
    desk.core.bank = [(Trigger.ACCEPTED, ""), (Trigger.ACCEPTED, "")]
    view = desk.check(desk.sign().agreement_id)
    assert view.state is AgreementState.PENDING
    desk.look_after()
    assert desk.row(view.agreement_id).state is AgreementState.ACTIVE
    assert desk.core.asked == [SIGN, VERIFY, VERIFY, VERIFY]


def test_the_same_key_is_the_same_agreement_also_when_the_draft_is_old(desk: Desk) -> None:
    draft = desk.prepare().draft
    first = desk.sign(draft)
    desk.clock.advance(seconds=3600)
    assert desk.sign(draft) == first
    desk.check(first.agreement_id)
    assert desk.sign(draft).state is AgreementState.ACTIVE, "the account is forgotten, and known all the same"


def test_the_same_key_with_something_else_is_refused(desk: Desk) -> None:
    first = desk.sign()
    with pytest.raises(AgreementKeyUsed) as used:
        desk.sign(desk.prepare(OTHER_CARD).draft)
    assert used.value.detail == {"agreement_id": first.agreement_id}


def test_one_agreement_stands_for_a_person_and_an_account(desk: Desk) -> None:
    first = desk.sign()
    with pytest.raises(AgreementExists) as exists:
        desk.sign(key="key-2")
    assert exists.value.detail == {"agreement_id": first.agreement_id}
    assert desk.sign(desk.prepare(OTHER_CARD).draft, key="key-3").state is AgreementState.SIGNING
    with pytest.raises(AgreementExists) as of_another:
        desk.sign(desk.prepare(person_id="person-2").draft, key="key-4", person_id="person-2")
    assert of_another.value.detail == {}, "an older login of the same person: nothing is told"


def test_a_draft_is_good_for_its_person_and_its_time(desk: Desk) -> None:
    draft = desk.prepare().draft
    for wrong, person_id in ((draft, "person-2"), (draft[:-4] + "AAAA", "person-1"), ("x", "person-1")):
        with pytest.raises(DraftExpired):
            desk.sign(wrong, person_id=person_id)
    desk.clock.advance(seconds=901)
    with pytest.raises(DraftExpired):
        desk.sign(draft)
    assert desk.rows.rows == {}


def test_without_the_present_consent_nothing_is_kept(desk: Desk) -> None:
    with pytest.raises(ConsentMissing, match="《银行账户信息授权说明》") as missing:
        desk.sign(consent="2020-01")
    assert (missing.value.detail, desk.rows.rows) == ({"field": "consent"}, {})


def test_of_several_authorities_one_is_chosen(desk: Desk) -> None:
    desk.taxbank.enrolment = Enrolment("1012", PayerKind.RESIDENT, (HOME, AWAY))
    draft = desk.prepare().draft
    with pytest.raises(AuthorityUnknown):
        desk.sign(draft)
    view = desk.sign(draft, authority="14509020000")
    assert (view.agency_name, view.authority_code) == ("玉州中心", "14509020000")
    with pytest.raises(AgreementKeyUsed):
        desk.sign(draft, authority="14501030000")


def test_it_is_cancelled_and_the_account_is_free_again(desk: Desk) -> None:
    agreement_id = signed(desk)
    assert desk.cancel(agreement_id).state is AgreementState.CANCELLING
    assert desk.cancel(agreement_id).state is AgreementState.CANCELLING
    assert desk.core.asked == []
    view = desk.check(agreement_id)
    assert (view.state, view.ended_at) == (AgreementState.ENDED, NOW)
    assert desk.core.asked == [CANCEL]
    assert [line.trigger for line in desk.rows.history[-2:]] == ["wished_away", "over"]
    assert desk.cancel(agreement_id).state is AgreementState.ENDED
    assert desk.sign(key="key-2").agreement_id != agreement_id


def test_who_wished_what_is_audited_without_the_account(desk: Desk) -> None:
    agreement_id = signed(desk)
    desk.sign()
    desk.cancel(agreement_id)
    desk.cancel(agreement_id)
    audit = desk.w.audit
    assert isinstance(audit, FakeAudit)
    assert [(query.act, query.asker_id, query.person) for query, _, _ in audit.rows] == [
        ("sign_agreement", "person-1", WEI), ("cancel_agreement", "person-1", WEI),
    ]  # fmt: skip
    assert {query.query_id for query, _, _ in audit.rows} == {agreement_id}
    assert "0051" not in str(audit.rows)


def test_a_bank_that_keeps_it_says_why(desk: Desk) -> None:
    agreement_id = signed(desk)
    desk.core.bank = [(Trigger.KEPT, "账户有未完成的扣款，暂不能解除")]
    desk.cancel(agreement_id)
    view = desk.check(agreement_id)
    assert (view.state, view.words) == (AgreementState.ACTIVE, "账户有未完成的扣款，暂不能解除")
    assert desk.cancel(agreement_id).state is AgreementState.CANCELLING, "it can be tried again"


def test_an_agreement_ended_elsewhere_is_noticed_when_it_is_looked_at(desk: Desk) -> None:
    agreement_id = signed(desk)
    desk.core.core[agreement_id] = Trigger.OVER
    assert desk.check(agreement_id).state is AgreementState.ACTIVE, "just asked"
    desk.clock.advance(minutes=10)
    assert desk.check(agreement_id).state is AgreementState.ENDED
    assert desk.core.asked == [LOOK_UP]


def test_another_persons_agreement_is_not_found_and_that_is_journalled(desk: Desk) -> None:
    agreement_id = desk.sign().agreement_id
    strangers = AgreementOfPerson("person-2", agreement_id)
    for action in (usecases.get_agreement, usecases.check_agreement):
        with pytest.raises(AgreementNotFound):
            action(strangers, desk.w)
    with pytest.raises(AgreementNotFound):
        usecases.cancel_agreement(CancelAgreement("person-2", WEI, agreement_id), desk.w)
    assert usecases.list_agreements(ListAgreements("person-2"), desk.w).agreements == ()
    assert desk.core.asked == []
    assert (
        desk.w.journal.acts
        == [  # type: ignore[attr-defined]
            Act(
                "resident:person-2", Action.FOREIGN_ASKED, f"agreement:{agreement_id}", AgreementNotFound.code
            )
        ]
        * 3
    )


def test_own_agreements_are_listed_newest_first(desk: Desk) -> None:
    first = desk.sign()
    desk.clock.advance(seconds=1)
    second = desk.sign(desk.prepare(OTHER_CARD).draft, key="key-2")
    listed = usecases.list_agreements(ListAgreements("person-1"), desk.w).agreements
    assert [one.agreement_id for one in listed] == [second.agreement_id, first.agreement_id]
    assert [one.account for one in listed] == ["**** 0077", "**** 0051"]


def test_a_bank_taken_off_the_list_is_not_signed_with(desk: Desk) -> None:
    draft = desk.prepare().draft
    others: tuple[BankRule, ...] = BANKS.banks[1:]
    with pytest.raises(BankUnknown):
        usecases.sign_agreement(
            SignAgreement("person-1", draft, "", "2026-11", "key-1"), replace(desk.w, banks=BankList(others))
        )
