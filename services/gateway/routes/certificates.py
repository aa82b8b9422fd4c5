"""缴费证明 (3.2.1.16): the payer's own, one more for a period, the paper itself, and another in its place."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from contract import certificate, schools
from contract.certificate import (
    CertificateOfPerson,
    CertificateState,
    CertificateView,
    ListCertificates,
    VoidReasonMissing,
)
from contract.records import InvalidPeriod
from contract.schools import FindSchools
from kit.clock import china
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import searches
from services.gateway.domain.searches import Period
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import certificates

LOOKS = 20
"""So often a page that waits refreshes itself; what takes longer is issued all the same."""


class CertificateRoutes(Routes):
    """A key goes with each form, so that pressing twice or going back asks for the same certificate."""

    @http("GET", "/certificates", access=Access.PAYER)
    def show_certificates(self, request: Request, session: Session) -> Response:
        payer = self.payer(session)
        found = self.rpc.call(certificate.list_certificates, ListCertificates(payer.person_id)).certificates
        operates = bool(self.rpc.call(schools.find_schools, FindSchools(payer.person)).schools)
        return self.show("certificates.html", request, session, certificates=found, operates=operates)

    @http("GET", "/certificates/new", access=Access.PAYER)
    def show_certificate_form(self, request: Request, session: Session) -> Response:
        return self.certificate_form(request, session, Period.usual(china(self.clock.now()).date()))

    @http("POST", "/certificates", access=Access.PAYER)
    def issue_certificate(self, request: Request, session: Session) -> Response:
        """开具证明: the form names the period and nothing else."""
        period, key = Period.chosen(request.form), _key(request.form)
        try:
            asked = certificates.issue_certificate(
                self.payer(session), period.first, period.last, key, self.ports
            )
        except InvalidPeriod as error:
            return self.certificate_form(request, session, period, {"from_year": error.message})
        return self._to_certificate(asked.certificate_id)

    @http("GET", "/certificates/<certificate_id>", access=Access.PAYER)
    def show_certificate(self, request: Request, session: Session, certificate_id: str) -> Response:
        found = self.own_certificate(session, certificate_id)
        looks = request.args.get("looks", 1, int)
        waiting = found.state is CertificateState.WAITING and looks <= LOOKS
        if waiting:
            return self.show("certificate_waiting.html", request, session, certificate=found, looks=looks)
        return self.show_with_sdk("certificate.html", request, session, certificate=found)

    @http("GET", "/certificates/<certificate_id>/pages/<int:page>", access=Access.PAYER)
    def show_certificate_page(
        self, request: Request, session: Session, certificate_id: str, page: int
    ) -> Response:
        """A page as a picture: WeChat's browser opens no PDF."""
        picture = certificates.read_picture(
            self._certificate_named(session, certificate_id), page, self.ports
        )
        return self.browser.protect(Response(picture, content_type="image/png"))

    @http("GET", "/certificates/<certificate_id>/file", access=Access.PAYER)
    def download_certificate(self, request: Request, session: Session, certificate_id: str) -> Response:
        return self.certificate_file(session, certificate_id)

    def certificate_file(self, session: Session, certificate_id: str) -> Response:
        """The sealed PDF. Raises CertificateNotFound, CertificateNotIssued."""
        number, content = certificates.read_file(self._certificate_named(session, certificate_id), self.ports)
        response = Response(content, content_type="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
        return self.browser.protect(response)

    @http("GET", "/certificates/<certificate_id>/replacement", access=Access.PAYER)
    def show_replacement(self, request: Request, session: Session, certificate_id: str) -> Response:
        found = self.own_certificate(session, certificate_id)
        if found.state is not CertificateState.ISSUED:
            return self._to_certificate(certificate_id)
        return self._replacement_form(request, session, found)

    @http("POST", "/certificates/<certificate_id>/replacement", access=Access.PAYER)
    def replace_certificate(self, request: Request, session: Session, certificate_id: str) -> Response:
        form = request.form
        try:
            asked = certificates.replace_certificate(
                self.payer(session), certificate_id, form.get("reason", ""), _key(form), self.ports
            )
        except VoidReasonMissing as error:
            found = self.own_certificate(session, certificate_id)
            return self._replacement_form(request, session, found, {"reason": error.message})
        return self._to_certificate(asked.certificate_id)

    def certificate_form(
        self, request: Request, session: Session, period: Period, errors: dict[str, str] | None = None,
        school_name: str = "",
    ) -> Response:  # fmt: skip
        """The form, perhaps as a school's link fills it in."""
        return self.show(
            "certificate_form.html", request, session, 422 if errors else 200, period=period, key=_key(request.form),
            years=searches.years_offered(china(self.clock.now()).date()), errors=errors or {},
            school_name=school_name,
        )  # fmt: skip

    def _replacement_form(
        self, request: Request, session: Session, found: CertificateView, errors: dict[str, str] | None = None
    ) -> Response:
        return self.show(
            "certificate_replacement.html", request, session, 422 if errors else 200, certificate=found,
            key=_key(request.form), reason=request.form.get("reason", ""), errors=errors or {},
        )  # fmt: skip

    def own_certificate(self, session: Session, certificate_id: str) -> CertificateView:
        """The payer's own. Raises CertificateNotFound for any other."""
        return self.rpc.call(certificate.get_certificate, self._certificate_named(session, certificate_id))

    def _certificate_named(self, session: Session, certificate_id: str) -> CertificateOfPerson:
        return CertificateOfPerson(self.payer(session).person_id, certificate_id)

    def _to_certificate(self, certificate_id: str) -> Response:
        return self.browser.protect(go(f"/certificates/{certificate_id}"))


def _key(form: Mapping[str, str]) -> str:
    """The key a form came with, or one for a new form."""
    return form.get("key", "")[:64] or secrets.token_urlsafe(18)
