"""缴费标准 (3.2.1.9): the tiers and bases of one's own place of enrolment, or of any other."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.contribution import Enrolment
from contract.insurance import PayerKind
from contract.places import Place
from kit.clock import china
from kit.http import Access, http
from services.gateway.domain import standards as domain
from services.gateway.domain.drafts import Journey
from services.gateway.domain.places import LEVELS, typed_place
from services.gateway.domain.sessions import Session
from services.gateway.domain.standards import Wanted
from services.gateway.routes.base import JOURNEYS, Routes
from services.gateway.usecases.places import pick_place
from services.gateway.usecases.standards import find_standards

_COUNTIES = LEVELS[:2]
"""Below its counties no place keeps standards."""


class StandardsRoutes(Routes):
    """One page that is its own form: what was chosen is in the address, and nobody's name is."""

    @http("GET", "/standards", access=Access.PAYER)
    def show_standards(self, request: Request, session: Session) -> Response:
        today = china(self.clock.now()).date()
        journey = self._journey_under_way(session)
        enrolment = journey.draft.enrolment if journey else None
        picker = pick_place(typed_place(request.args) or _place_of_own(journey), self.ports, _COUNTIES)
        kind = domain.settle_kind(request.args.get("kind", ""), enrolment)
        year = domain.settle_year(request.args.get("year", ""), today)
        wanted = Wanted(domain.division_of(picker.place), kind, year)
        return self.show(
            "standards.html", request, session, picker=picker, wanted=wanted, today=today,
            kinds=[(one.value, one.label) for one in PayerKind], years=domain.years_shown(today), journey=journey,
            place=picker.place,
            standards=find_standards(wanted, self.ports) if wanted.division_code else (),
        )  # fmt: skip

    def _journey_under_way(self, session: Session) -> Journey | None:
        """The payer's open journey once it knows an enrolment: the upstream is not asked for this page."""
        since = self.clock.now() - self.settings.journey_life
        with self.database.read() as tx:
            journey = JOURNEYS.find_open(tx, self.payer(session).person_id, since)
        return journey if journey is not None and journey.draft.enrolment is not None else None


def _place_of_own(journey: Journey | None) -> Place | None:
    """Where the person paid for is enrolled: at the agency chosen, else at the first."""
    enrolment: Enrolment | None = journey.draft.enrolment if journey else None
    if journey is None or enrolment is None or not enrolment.entries:
        return None
    chosen = [e for e in enrolment.entries if e.entry_id == journey.draft.selection.entry_id]
    return domain.place_of((*chosen, *enrolment.entries)[0].division_code)
