"""我的: the payer's own data, devices, consents, export and deletion (security.md 3, 15)."""

from __future__ import annotations

import json

from werkzeug.wrappers import Request, Response

from contract import rights, schema
from kit.clock import china
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import account, sessions


class AccountRoutes(Routes):
    """One page per thing a person may want to know or do about their own data."""

    @http("GET", "/account", access=Access.PAYER)
    def show_account(self, request: Request, session: Session) -> Response:
        found = self.rpc.call(rights.get_account, self.person(session))
        return self.show("account.html", request, session, account=found)

    @http("GET", "/account/sessions", access=Access.PAYER)
    def show_sessions(self, request: Request, session: Session) -> Response:
        found = self.own_sessions(session)
        return self.show("sessions.html", request, session, sessions=found)

    @http("POST", "/account/sessions/<session_id>/end", access=Access.PAYER)
    def end_session(self, request: Request, session: Session, session_id: str) -> Response:
        ended = sessions.end_session(self.payer(session).person_id, session_id, self.ports)
        if ended.token_hash == session.token_hash:
            return self.browser.protect(self.browser.drop_session(go("/", notice="loggedout")))
        return self.browser.protect(go("/account/sessions", notice="ended"))

    @http("POST", "/account/sessions/others", access=Access.PAYER)
    def end_other_sessions(self, request: Request, session: Session) -> Response:
        sessions.end_other_sessions(session, self.payer(session).person_id, self.ports)
        return self.browser.protect(go("/account/sessions", notice="others"))

    @http("GET", "/account/consents", access=Access.PAYER)
    def show_consents(self, request: Request, session: Session) -> Response:
        found = self.rpc.call(rights.list_consents, self.person(session))
        return self.show("consents.html", request, session, consents=found.consents)

    @http("GET", "/account/export", access=Access.PAYER)
    def show_export(self, request: Request, session: Session) -> Response:
        return self.show_with_sdk("export.html", request, session)

    @http("POST", "/account/export", access=Access.PAYER)
    def download_export(self, request: Request, session: Session) -> Response:
        return self.account_file(session)

    def account_file(self, session: Session) -> Response:
        """The export as a file; its name says the day and nobody's name."""
        exported = account.export_account(self.payer(session).person_id, self.ports)
        text = json.dumps(schema.dump(exported), ensure_ascii=False, indent=2)
        name = f"shebao-{china(exported.exported_at):%Y%m%d}.json"
        response = Response(text, content_type="application/json; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return self.browser.protect(response)

    @http("GET", "/account/deletion", access=Access.PAYER)
    def show_deletion(self, request: Request, session: Session) -> Response:
        found = self.rpc.call(rights.get_account, self.person(session))
        return self.show("deletion.html", request, session, deletion=found.deletion)

    @http("POST", "/account/deletion", access=Access.PAYER)
    def request_deletion(self, request: Request, session: Session) -> Response:
        """Back to the page, which shows what is asked for now; asking twice is asking once."""
        account.request_deletion(self.payer(session).person_id, self.ports)
        return self.browser.protect(go("/account/deletion"))

    @http("POST", "/account/deletion/cancel", access=Access.PAYER)
    def cancel_deletion(self, request: Request, session: Session) -> Response:
        self.rpc.call(rights.cancel_deletion, self.person(session))
        return self.browser.protect(go("/menu", notice="kept"))
