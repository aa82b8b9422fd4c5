"""Agreements on fakes: a person, a bank, the tax core, and what is asked of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.agreement import (
    AgreementOfPerson,
    AgreementView,
    CancelAgreement,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.contribution import EnrolmentEntry
from contract.insurance import InsuranceType
from contract.people import DocumentType, Person
from kit.clock import SetClock
from services.contribution.domain.agreements import Agreement, Question
from services.contribution.usecases import agreements as usecases
from services.contribution.usecases.agreements import Wiring
from services.contribution.usecases.enrolments import Memory
from tests.fakes.contribution_agreements import FakeAgreements, FakeDesk
from tests.fakes.contribution_taxbank import FakeKeptEnrolments, FakeTaxBank
from tests.fakes.gateway_storage import FakeTransactions
from tests.unit.contribution.test_banks import CARD

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


def signed(desk: Desk) -> str:
    agreement_id = desk.check(desk.sign().agreement_id).agreement_id
    desk.core.asked.clear()
    return agreement_id
