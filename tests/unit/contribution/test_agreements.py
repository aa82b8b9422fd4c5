"""Signing, cancelling and bringing on, with answers lost and processes killed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest

from contract.agreement import (
    AgreementExists,
    AgreementKeyUsed,
    AgreementNotFound,
    AgreementOfPerson,
    AgreementState,
    AgreementView,
    AuthorityUnknown,
    BankUnknown,
    CancelAgreement,
    DraftExpired,
    DraftOfPerson,
    InvalidAccount,
    ListAgreements,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.audit import Act, Action
from contract.contribution import Enrolment, EnrolmentEntry, EnrolmentNotFound
from contract.identity import ConsentMissing
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from kit.clock import SetClock
from kit.crypto import KeyRing
from services.contribution.domain.agreements import Agreement, Question, Trigger
from services.contribution.domain.banks import BankList, BankRule
from services.contribution.usecases import agreements as usecases
from services.contribution.usecases.agreements import Wiring
from services.contribution.usecases.enrolments import Memory
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.audit import FakeJournal
from tests.fakes.contribution_agreements import FakeAgreements, FakeDesk, HistoryLine, Killed
from tests.fakes.contribution_taxbank import FakeKeptEnrolments, FakeTaxBank
from tests.fakes.contribution_taxcore import FakeAudit
from tests.fakes.gateway_storage import FakeTransactions
from tests.unit.contribution.test_banks import BANKS, CARD

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
WEI = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
OTHER_CARD = "6217003410000000077"
SIGN, VERIFY, CANCEL, LOOK_UP = Question.SIGN, Question.VERIFY, Question.CANCEL, Question.LOOK_UP


def entry(entry_id: str, agency: str, authority: str) -> EnrolmentEntry:
    return EnrolmentEntry(
        entry_id,
        InsuranceType.MEDICAL,
        authority[1:7],
        agency,
        "number",
        authority,
        authority[1:7],
        "102120001",
    )


HOME, AWAY = entry("1", "青秀中心", "14501030000"), entry("2", "玉州中心", "14509020000")


@dataclass
class Desk:
    """The use cases on fakes, and the steps a person takes."""

    w: Wiring
    rows: FakeAgreements
    core: FakeDesk
    clock: SetClock
    taxbank: FakeTaxBank

    def prepare(self, number: str = CARD, bank: str = "105", person_id: str = "person-1") -> Prepared:
        asked = PrepareAgreement(person_id, WEI, bank, number)
        memory = Memory(FakeTransactions(), FakeKeptEnrolments(), self.clock, dt.timedelta(days=7))
        return usecases.prepare_agreement(asked, self.taxbank, memory, self.w)

    def sign(
        self, draft: str = "", key: str = "key-1", authority: str = "", person_id: str = "person-1",
        consent: str = "2026-11",
    ) -> AgreementView:  # fmt: skip
        draft = draft or self.prepare().draft
        return usecases.sign_agreement(SignAgreement(person_id, draft, authority, consent, key), self.w)

    def check(self, agreement_id: str) -> AgreementView:
        return usecases.check_agreement(AgreementOfPerson("person-1", agreement_id), self.w)

    def cancel(self, agreement_id: str) -> AgreementView:
        return usecases.cancel_agreement(CancelAgreement("person-1", WEI, agreement_id), self.w)

    def row(self, agreement_id: str) -> Agreement:
        return self.rows.rows[agreement_id]

    def look_after(self, hours: float = 24) -> None:
        """The timer, for so long."""
        end = self.clock.now() + dt.timedelta(hours=hours)
        while self.clock.now() < end:
            self.clock.advance(seconds=5)
            for due in usecases.claim_due(self.w, 40):
                usecases.check_agreement(due, self.w)
            if all(known.next_action_at is None for known in self.rows.rows.values()):
                return


@pytest.fixture
def desk() -> Desk:
    rows, clock = FakeAgreements(), SetClock(NOW)
    core = FakeDesk(rows)
    w = Wiring(
        rows, rows, FakeAudit(), core, BANKS, KeyRing.parse(QUOTE_KEYS), clock, dt.timedelta(minutes=15),
        FakeJournal(),
    )  # fmt: skip
    return Desk(w, rows, core, clock, FakeTaxBank(Enrolment("1012", PayerKind.RESIDENT, (HOME,))))


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


def signed(desk: Desk) -> str:
    agreement_id = desk.check(desk.sign().agreement_id).agreement_id
    desk.core.asked.clear()
    return agreement_id


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
