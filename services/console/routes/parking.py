"""停放消息: what services could not handle, looked at, tried again, or discarded with a reason."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, NotFound, Unavailable
from contract.parking import (
    DISCARD_PARKED,
    GET_PARKED,
    LIST_PARKED,
    REPLAY_PARKED,
    DiscardParked,
    ListParked,
    ParkedNamed,
)
from kit.http import Access, http
from services.console.domain.parked import SERVICES, advice, undone, why
from services.console.domain.sessions import Session
from services.console.routes.base import Routes


class ParkingRoutes(Routes):
    """Over all services that take events."""

    @http("GET", "/parking", access=Access.STAFF)
    def show_parking(self, request: Request, session: Session) -> Response:
        found: dict[str, Any] = {}
        for service, method in LIST_PARKED.items():
            try:
                found[service] = self.ask(session, method, ListParked())
            except Unavailable:
                found[service] = None  # said on the page; the others are shown
        return self.show(
            "parking.html", request, session, found=found, titles=SERVICES, undone=undone, why=why
        )

    @http("GET", "/parking/<service>/<event_id>", access=Access.STAFF)
    def show_parked(self, request: Request, session: Session, service: str, event_id: str) -> Response:
        return self._parked(request, session, service, event_id)

    @http("POST", "/parking/<service>/<event_id>/<act>", access=Access.STAFF)
    def act_on_parked(
        self, request: Request, session: Session, service: str, event_id: str, act: str
    ) -> Response:
        """replay or discard."""
        if service not in SERVICES or act not in ("replay", "discard"):
            raise NotFound
        try:
            if act == "replay":
                self.ask(session, REPLAY_PARKED[service], ParkedNamed(event_id))
                return self.to("/parking", "replayed")
            asked = DiscardParked(event_id, request.form.get("reason", ""))
            self.ask(session, DISCARD_PARKED[service], asked)
        except ContractError as error:
            return self._parked(request, session, service, event_id, error)
        return self.to("/parking", "discarded")

    def _parked(
        self,
        request: Request,
        session: Session,
        service: str,
        event_id: str,
        problem: ContractError | None = None,
    ) -> Response:
        if service not in SERVICES:
            raise NotFound
        found = self.ask(session, GET_PARKED[service], ParkedNamed(event_id))
        return self.show(
            "parked.html", request, session, problem, found=found, service=service,
            title=SERVICES[service], event_id=event_id, undone=undone, why=why, advice=advice,
        )  # fmt: skip
