"""社保费查询 and 申报作废. Who is asked about is in the body, never in the address."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import declarations, household, records
from contract.declarations import Declarations, Voiding
from contract.household import TypedPerson
from contract.records import Contributions
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.api.payloads import records as payloads
from services.gateway.domain.searches import Subject
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases import records as asking


class RecordsApi(Routes):
    """What the pages 社保费查询 and 我的申报 show and do."""

    @operation(
        "POST", "/contributions", "社保费查询：本人或他人的缴费记录", access=Access.PAYER,
        body=payloads.ContributionsWanted, answer=Contributions,
        errors=(
            LoginNeeded, *household.check_person.errors, *records.list_contributions.errors,
        ),
        repeated="只查询。",
    )  # fmt: skip
    def list_contributions_by_api(
        self, request: Request, session: Session, body: payloads.ContributionsWanted
    ) -> Contributions:
        subject = self._asked_about(session, body.person or payloads.AskedAbout())
        return asking.list_contributions(
            self.payer(session), subject, body.period_from, body.period_to, self.ports
        )

    @operation(
        "POST", "/declarations", "已申报、未缴费的记录", access=Access.PAYER, body=payloads.Declarer,
        answer=Declarations, errors=(LoginNeeded, *declarations.list_declarations.errors),
        repeated="只查询。",
    )  # fmt: skip
    def list_declarations_by_api(
        self, request: Request, session: Session, body: payloads.Declarer
    ) -> Declarations:
        return asking.list_declarations(self.payer(session), self._declarer_of(session, body), self.ports)

    @operation(
        "POST", "/declarations/<record_id>/void", "申报作废；confirming 时用 check 查询结果", access=Access.PAYER,
        body=payloads.Declarer, answer=Voiding,
        errors=(LoginNeeded, *declarations.void_declaration.errors),
        repeated="只作废一次，再提交答复现在的结果。",
    )  # fmt: skip
    def void_declaration_by_api(
        self, request: Request, session: Session, body: payloads.Declarer, record_id: str
    ) -> Voiding:
        subject = self._declarer_of(session, body)
        return asking.void_declaration(self.payer(session), subject, record_id, self.ports)

    @operation(
        "POST", "/declarations/<record_id>/check", "作废的结果", access=Access.PAYER, body=payloads.Declarer,
        answer=Voiding, errors=(LoginNeeded, household.InsuredNotFound, *declarations.check_voiding.errors),
        repeated="只查询。",
    )  # fmt: skip
    def check_voiding_by_api(
        self, request: Request, session: Session, body: payloads.Declarer, record_id: str
    ) -> Voiding:
        subject = self._declarer_of(session, body)
        return asking.check_voiding(self.payer(session), subject, record_id, self.ports)

    def _asked_about(self, session: Session, asked: payloads.AskedAbout) -> Subject:
        payer = self.payer(session)
        if asked.name or asked.document_number:
            typed = TypedPerson(asked.document_type, asked.document_number, asked.name)
            return asking.name_subject(payer, typed, self.ports)
        return asking.pick_subject(payer, asked.pick_id, self.ports)

    def _declarer_of(self, session: Session, body: payloads.Declarer) -> Subject:
        return asking.pick_subject(self.payer(session), body.pick_id, self.ports)
