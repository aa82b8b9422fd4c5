"""审计: the journals of all services, for who audits."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.audit import Action
from contract.errors import Unavailable
from contract.journal import LIST_ACTS, ListActs
from kit.http import Access, http
from kit.journalled import list_acts
from services.console.domain.acts import details
from services.console.domain.menu import may
from services.console.domain.parked import SERVICES
from services.console.domain.sessions import Session
from services.console.errors import NotForThisRole
from services.console.routes.base import Routes

TITLES = {"console": "工作台"} | SERVICES


class AuditRoutes(Routes):
    """Who did what, when, from where, to what end."""

    @http("GET", "/audit", access=Access.STAFF)
    def show_audit(self, request: Request, session: Session) -> Response:
        if not may(session.account.role, "payment.list_acts"):
            raise NotForThisRole
        asked = request.args
        service = asked.get("service", "console") if asked.get("service") in TITLES else "console"
        wanted = ListActs(
            asked.get("actor", "").strip(), asked.get("target", "").strip(), asked.get("action", "")
        )
        problem = None
        try:
            # The console's own lie here; its right was looked at above.
            found = (
                list_acts(wanted, self.database, self.journal)
                if service == "console"
                else self.ask(session, LIST_ACTS[service], wanted)
            ).acts
        except Unavailable as error:
            found, problem = (), error
        return self.show(
            "audit.html", request, session, problem, acts=found, service=service, titles=TITLES, wanted=wanted,
            actions=Action, details=details,
        )  # fmt: skip
