"""学校缴费证明 (3.2.1.16): for operators a tax authority has authorised, and the link each student follows."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract import schools
from contract.errors import ContractError
from contract.records import InvalidPeriod
from contract.schools import (
    ROLL_LIMIT,
    BatchOfSchool,
    FindSchools,
    ListBatches,
    MakeSchoolLink,
    ReadSchoolLink,
    RollUnreadable,
    School,
    SchoolLink,
    SchoolNotFound,
)
from kit.clock import china
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain import searches
from services.gateway.domain.searches import Period
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import schools as schooling

_ROOM = 8 * 1024
"""What a form weighs around its file."""


class SchoolRoutes(Routes):
    """Whoever is not authorised finds no school; every student's own way needs no authorisation."""

    @http("GET", "/schools", access=Access.PAYER)
    def show_schools(self, request: Request, session: Session) -> Response:
        person = self.payer(session).person
        found = self.rpc.call(schools.find_schools, FindSchools(person)).schools
        batches = self.rpc.call(schools.list_batches, ListBatches(person)).batches
        return self.show("schools.html", request, session, schools=found, batches=batches)

    @http("GET", "/schools/<school_id>/roll", access=Access.PAYER)
    def show_roll_form(self, request: Request, session: Session, school_id: str) -> Response:
        return self._school_form("school_roll.html", request, session, school_id)

    @http("POST", "/schools/<school_id>/roll", access=Access.PAYER, max_body=ROLL_LIMIT + _ROOM)
    def submit_roll(self, request: Request, session: Session, school_id: str) -> Response:
        """The same list again goes on where it was."""
        period, upload = Period.chosen(request.form), request.files.get("file")
        content = upload.stream.read(ROLL_LIMIT + 1) if upload else b""
        try:
            batch = schooling.submit_roll(
                self.payer(session), school_id, (period.first, period.last), content, self.ports
            )
        except (RollUnreadable, InvalidPeriod) as error:
            return self._school_form("school_roll.html", request, session, school_id, error)
        return self.browser.protect(go(f"/schools/batches/{batch.batch_id}"))

    @http("GET", "/schools/<school_id>/link", access=Access.PAYER)
    def show_link_form(self, request: Request, session: Session, school_id: str) -> Response:
        return self._school_form("school_link.html", request, session, school_id, link="")

    @http("POST", "/schools/<school_id>/link", access=Access.PAYER)
    def make_school_link(self, request: Request, session: Session, school_id: str) -> Response:
        period = Period.chosen(request.form)
        asked = MakeSchoolLink(self.payer(session).person, school_id, period.first, period.last)
        try:
            made = self.rpc.call(schools.make_school_link, asked)
        except InvalidPeriod as error:
            return self._school_form("school_link.html", request, session, school_id, error, link="")
        return self._school_form("school_link.html", request, session, school_id, link=self.link_of(made))

    @http("GET", "/schools/batches/<batch_id>", access=Access.PAYER)
    def show_batch(self, request: Request, session: Session, batch_id: str) -> Response:
        payer, looks = self.payer(session), request.args.get("looks", 1, int)
        batch = self.rpc.call(schools.get_batch, BatchOfSchool(payer.person, batch_id))
        failed = schooling.list_failed(payer, batch, self.ports)
        return self.show("school_batch.html", request, session, batch=batch, failed=failed, looks=looks)

    @http("GET", "/schools/batches/<batch_id>/zip", access=Access.PAYER)
    def download_batch(self, request: Request, session: Session, batch_id: str) -> Response:
        return self.archive_of(session, batch_id)

    @http("GET", "/school-links/<token>", access=Access.PAYER)
    def follow_school_link(self, request: Request, session: Session, token: str) -> Response:
        """A student's own certificate, the period filled in."""
        link = self.rpc.call(schools.read_school_link, ReadSchoolLink(token))
        period = Period.of(link.period_from, link.period_to)
        return self.certificate_form(request, session, period, school_name=link.school_name)

    def link_of(self, made: SchoolLink) -> str:
        """What a school sends its students."""
        return f"{self.settings.public_url}/school-links/{made.token}"

    def archive_of(self, session: Session, batch_id: str) -> Response:
        """The file, while it is still being made. Raises SchoolNotFound."""
        pieces = schooling.archive(self.payer(session), batch_id, self.ports)
        response = Response(pieces, content_type="application/zip", direct_passthrough=True)
        response.headers["Content-Disposition"] = f'attachment; filename="{batch_id}.zip"'
        return self.browser.protect(response)

    def _school_form(
        self, template: str, request: Request, session: Session, school_id: str,
        error: ContractError | None = None, **shown: str,
    ) -> Response:  # fmt: skip
        today = china(self.clock.now()).date()
        chosen = Period.chosen(request.form) if request.form else Period.usual(today)
        errors = {str(error.detail.get("field", "form")): error.message} if error else {}
        errors = {"from_year" if name.startswith("period") else name: text for name, text in errors.items()}
        return self.show(
            template, request, session, error.status if error else 200, school=self._school(session, school_id),
            period=chosen, years=searches.years_offered(today), errors=errors, **shown,
        )  # fmt: skip

    def _school(self, session: Session, school_id: str) -> School:
        found = self.rpc.call(schools.find_schools, FindSchools(self.payer(session).person)).schools
        for school in found:
            if school.school_id == school_id:
                return school
        raise SchoolNotFound
