"""Pages shown while a journey's question waits for an upstream; they look again by themselves (3.1 容峰)."""

from __future__ import annotations

import datetime as dt

from werkzeug.wrappers import Request, Response

from contract.contribution import AgencyChoiceNeeded
from kit.http import Access, http
from services.gateway.domain.drafts import Journey
from services.gateway.domain.sessions import Session
from services.gateway.domain.waiting import look_again
from services.gateway.routes.base import Routes
from services.gateway.usecases import journeys


def asked_page(journey: Journey, now: dt.datetime) -> str:
    """The page that waits for what a journey asks right now; empty when it asks nothing."""
    if journey.is_asking(now):
        return "enrolment"
    return "quote" if journey.is_quoting(now) else ""


class WaitingRoutes(Routes):
    """您前面还有 N 人. The question itself goes on beside (kit.aside); what came of it is in the journey."""

    @http("GET", "/journeys/<journey_id>/enrolment", access=Access.PAYER)
    def await_enrolment(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self.journey(session, journey_id)
        if settled := self._settled(journey):
            return settled
        if journey.is_asking(self.clock.now()):
            return self._wait(request, session, journey, "enrolment", "参保信息")
        if journey.draft.enrolment is not None:
            return self._to(journey, journey.first_page)
        if journey.draft.refused is not None:
            raise journey.draft.refused.error
        return self._to(journey, "payer", "unanswered" if journey.enrolment_asked_at else "")

    @http("GET", "/journeys/<journey_id>/quote", access=Access.PAYER)
    def await_quote(self, request: Request, session: Session, journey_id: str) -> Response:
        journey = self.journey(session, journey_id)
        draft = journey.draft
        if settled := self._settled(journey):
            return settled
        if draft.quoted is not None:
            return self._to(journey, "check")
        if journey.is_quoting(self.clock.now()):
            return self._wait(request, session, journey, "quote", "应缴费额")
        if draft.refused is None or draft.enrolment is None:
            return self._to(journey, journey.step, "unanswered" if draft.quote_asked_at else "")
        if isinstance(draft.refused.error, AgencyChoiceNeeded):
            return self._to(journey, "agency")
        raise draft.refused.error

    def _wait(
        self, request: Request, session: Session, journey: Journey, about: str, subject: str
    ) -> Response:
        place = journeys.find_place(journey.journey_id, self.ports)
        return self.show(
            "asking.html", request, session, journey=journey, about=about, subject=subject, place=place,
            seconds=look_again(place),
        )  # fmt: skip
