"""社保费查询 (3.2.1.8): one's own contributions or another person's, the tax core's and ours not there yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, Unavailable
from contract.household import TypedPerson
from contract.people import DocumentType
from contract.records import InvalidPeriod
from kit.clock import china
from kit.http import Access, http
from kit.masking import mask_name, mask_number
from services.gateway.browser import go
from services.gateway.domain import others, searches
from services.gateway.domain.searches import SOMEBODY_ELSE, Period, Subject
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import insured, records


class ContributionRoutes(Routes):
    """The form, the pick-list behind 姓名, and the records. Addresses hold picks and sealed names only, so that going
    back and reloading ask the same question again."""

    @http("GET", "/contributions", access=Access.PAYER)
    def show_contribution_form(self, request: Request, session: Session) -> Response:
        of = request.args.get("of", "")
        if of == SOMEBODY_ELSE:
            return self._contribution_form(request, session, of, {}, self._period(request))
        subject = records.find_subject(self.payer(session), of, self.ports)
        return self._contribution_form(request, session, of, _masked(subject), self._period(request))

    @http("GET", "/contributions/people", access=Access.PAYER)
    def show_people(self, request: Request, session: Session) -> Response:
        """点“姓名”: 缴费人与代缴费人的关联表."""
        try:
            picks = insured.list_picks(self.payer(session).person_id, self.ports)
        except Unavailable:
            picks = None
        period = self._period(request)
        return self.show("contribution_people.html", request, session, picks=picks, period=period)

    @http("POST", "/contributions", access=Access.PAYER)
    def ask_contributions(self, request: Request, session: Session) -> Response:
        """【查询】, or a tap on 姓名, which keeps the period."""
        form, period = request.form, Period.chosen(request.form)
        if form.get("then") == "people":
            return self.browser.protect(go("/contributions/people", **_query(period)))
        try:
            subject = self._subject(session, form)
        except ContractError as error:
            field = others.field_of(error)
            if field is None:
                raise
            wrong = error.detail.get("fields") or {field: error.message}
            return self._contribution_form(request, session, form.get("of", ""), form, period, wrong)
        return self.browser.protect(go("/contributions/result", of=subject.of, **_query(period)))

    @http("GET", "/contributions/result", access=Access.PAYER)
    def show_contributions(self, request: Request, session: Session) -> Response:
        payer, period = self.payer(session), self._period(request)
        subject = records.find_subject(payer, request.args.get("of", ""), self.ports)
        shown: dict[str, Any] = {"subject": subject, "period": period, "found": None, "problem": None}
        try:
            shown["found"] = records.list_contributions(payer, subject, period.first, period.last, self.ports)
        except InvalidPeriod as error:
            wrong = {"from_year": error.message}
            return self._contribution_form(request, session, subject.of, _masked(subject), period, wrong)
        except Unavailable as error:
            shown["problem"] = error
        status = shown["problem"].status if shown["problem"] else 200
        return self.show("contribution_result.html", request, session, status, **shown)

    def _subject(self, session: Session, form: Mapping[str, str]) -> Subject:
        """Whom the fields name: as they were shown, masked, they are whom the form was for."""
        payer, of = self.payer(session), form.get("of", "")
        name, number = (form.get(field, "").strip() for field in ("name", "document_number"))
        if of != SOMEBODY_ELSE:
            subject = records.find_subject(payer, of, self.ports)
            if _masked(subject) == {"name": name, "document_number": number}:
                return subject
        if wrong := searches.missing(name, number):
            raise InvalidInput(next(iter(wrong.values())), field=next(iter(wrong)), fields=wrong)
        return records.name_subject(payer, TypedPerson(DocumentType.RESIDENT_ID, number, name), self.ports)

    def _contribution_form(
        self, request: Request, session: Session, of: str, form: Mapping[str, str], period: Period,
        errors: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        today = china(self.clock.now()).date()
        return self.show(
            "contributions.html", request, session, 422 if errors else 200, of=of, period=period,
            name=form.get("name", ""), document_number=form.get("document_number", ""), errors=errors or {},
            years=searches.years_offered(today),
        )  # fmt: skip

    def _period(self, request: Request) -> Period:
        asked = request.args
        if "from" in asked or "to" in asked:
            return Period.of(asked.get("from", "")[:6], asked.get("to", "")[:6])
        return Period.usual(china(self.clock.now()).date())


def _masked(subject: Subject) -> dict[str, str]:
    """The two fields as a screen shows somebody who was not just typed."""
    person = subject.person
    return {"name": mask_name(person.name), "document_number": mask_number(person.document_number)}


def _query(period: Period) -> dict[str, str]:
    return {"from": period.first, "to": period.last}
