"""缴费证明 (3.2.1.16): found by number, voided, issued anew; schools; and until when seals and keys hold."""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Request, Response

from contract.certificate import CertificateState
from contract.errors import ContractError
from contract.payment_desk import ListPaymentKeys, list_payment_keys
from contract.register import (
    AuthoriseSchool,
    CertificateNumbered,
    CertificateSeen,
    ListAuthorised,
    ListSeals,
    ReissueCertificate,
    SchoolNamed,
    VoidCertificate,
    authorise_school,
    end_school,
    find_certificate,
    list_authorised,
    list_seals,
    reissue_certificate,
    void_certificate,
)
from kit.clock import china
from kit.http import Access, http
from services.console.domain.expiry import days_left
from services.console.domain.sessions import Session
from services.console.routes.base import Routes


class CertificateRoutes(Routes):
    """The register. A number is typed into a form: it leads to a person, and belongs into no address."""

    @http("GET", "/certificates", access=Access.STAFF)
    def show_certificates(self, request: Request, session: Session) -> Response:
        self.check_right(session, find_certificate)
        return self._certificate(request, session, None)

    @http("POST", "/certificates", access=Access.STAFF)
    def find(self, request: Request, session: Session) -> Response:
        try:
            asked = CertificateNumbered(request.form.get("number", ""))
            found = self.ask(session, find_certificate, asked)
        except ContractError as error:
            return self._certificate(request, session, None, error)
        return self._certificate(request, session, found)

    @http("POST", "/certificates/void", access=Access.STAFF)
    def void(self, request: Request, session: Session) -> Response:
        number, reason = request.form.get("number", ""), request.form.get("reason", "")
        try:
            found = self.ask(session, void_certificate, VoidCertificate(number, reason))
        except ContractError as error:
            return self._again(request, session, number, error)
        return self._certificate(request, session, found, said="voided")

    @http("POST", "/certificates/reissue", access=Access.STAFF)
    def reissue(self, request: Request, session: Session) -> Response:
        form = request.form
        number, key = form.get("number", ""), form.get("key", "")
        try:
            asked = ReissueCertificate(number, form.get("reason", ""), key)
            found = self.ask(session, reissue_certificate, asked)
        except ContractError as error:
            return self._again(request, session, number, error)
        return self._certificate(request, session, found, said="reissued")

    @http("GET", "/schools", access=Access.STAFF)
    def show_schools(self, request: Request, session: Session) -> Response:
        return self._schools(request, session)

    @http("POST", "/schools", access=Access.STAFF)
    def authorise(self, request: Request, session: Session) -> Response:
        form = request.form
        try:
            asked = AuthoriseSchool(
                form.get("name", ""), form.get("operator_name", ""), form.get("operator_number", "")
            )
            self.ask(session, authorise_school, asked)
        except ContractError as error:
            return self._schools(request, session, error)
        return self.to("/schools", "authorised")

    @http("POST", "/schools/<school_id>/end", access=Access.STAFF)
    def end(self, request: Request, session: Session, school_id: str) -> Response:
        try:
            self.ask(session, end_school, SchoolNamed(school_id))
        except ContractError as error:
            return self._schools(request, session, error)
        return self.to("/schools", "ended")

    @http("GET", "/expiry", access=Access.STAFF)
    def show_expiry(self, request: Request, session: Session) -> Response:
        today = china(self.clock.now()).date()
        seals = [
            (one, days_left(china(one.expires_at).date(), today))
            for one in self.ask(session, list_seals, ListSeals()).certificates
        ]
        keys = [
            (one, None if one.expires is None else days_left(one.expires, today))
            for one in self.ask(session, list_payment_keys, ListPaymentKeys()).keys
        ]
        return self.show("expiry.html", request, session, seals=seals, keys=keys)

    def _again(self, request: Request, session: Session, number: str, problem: ContractError) -> Response:
        """The certificate as it stands, with what was refused."""
        try:
            found = self.ask(session, find_certificate, CertificateNumbered(number))
        except ContractError:
            return self._certificate(request, session, None, problem)
        return self._certificate(request, session, found, problem)

    def _certificate(
        self, request: Request, session: Session, found: CertificateSeen | None,
        problem: ContractError | None = None, said: str = "",
    ) -> Response:  # fmt: skip
        return self.show(
            "certificates.html", request, session, problem, found=found, issued=CertificateState.ISSUED,
            key=str(uuid.uuid4()), said=said,
        )  # fmt: skip

    def _schools(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        schools = self.ask(session, list_authorised, ListAuthorised()).schools
        return self.show("schools.html", request, session, problem, schools=schools)
