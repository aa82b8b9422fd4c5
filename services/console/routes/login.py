"""Logging in and out, the second factor, and a password of one's own."""

from __future__ import annotations

import segno
from prometheus_client import Counter
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, NotFound
from kit.http import Access, http
from services.console.browser import go
from services.console.domain.sessions import Session, Stage
from services.console.domain.totp import address_of
from services.console.errors import CodeWrong
from services.console.pages import ASSETS
from services.console.routes.base import Routes
from services.console.usecases import login

_ISSUER = "社保费缴费工作台"
_LOGINS = Counter("staff_logins", "Logins of the staff by outcome", ["outcome"])


class LoginRoutes(Routes):
    """From nobody to a member of staff."""

    @http("GET", "/static/<digest>/<path:file>", access=Access.PUBLIC)
    def serve_static(self, request: Request, caller: None, digest: str, file: str) -> Response:
        return self.browser.protect(ASSETS.serve(request, digest, file))

    @http("GET", "/login", access=Access.PUBLIC)
    def show_login(self, request: Request, caller: None) -> Response:
        session = self.find_session(request)
        if session is not None and session.stage is Stage.FULL:
            return self.to("/home")
        return self.show("login.html", request, None)

    @http("POST", "/login", access=Access.PUBLIC)
    def begin_login(self, request: Request, caller: None) -> Response:
        account, password = request.form.get("account", ""), request.form.get("password", "")
        try:
            token = login.begin_login(account, password[:1024], self.browser.address(request), self.wiring)
        except ContractError as error:
            _LOGINS.labels("password_refused").inc()
            return self.show("login.html", request, None, error)
        return self.browser.protect(self.browser.keep_session(go("/login/code"), token))

    @http("GET", "/login/code", access=Access.HALFWAY)
    def show_factor(self, request: Request, session: Session) -> Response:
        return self._factor(request, session)

    @http("POST", "/login/code", access=Access.HALFWAY)
    def finish_login(self, request: Request, session: Session) -> Response:
        if session.stage is Stage.FULL:
            return self.to("/home")
        try:
            token, codes = login.finish_login(session, request.form.get("code", "")[:40], self.wiring)
        except CodeWrong as error:
            _LOGINS.labels("factor_refused").inc()
            # A lock has ended the session: then the login page says so.
            left = self.find_session(request)
            return (
                self._factor(request, left, error) if left else self.show("login.html", request, None, error)
            )
        _LOGINS.labels("succeeded").inc()
        page = self.show("recovery_codes.html", request, None, codes=codes) if codes else self.to("/home")
        return self.browser.keep_session(page, token)

    @http("GET", "/password", access=Access.HALFWAY)
    def show_password(self, request: Request, session: Session) -> Response:
        return self._password(request, session)

    @http("POST", "/password", access=Access.HALFWAY)
    def change_password(self, request: Request, session: Session) -> Response:
        typed = [request.form.get(name, "")[:1024] for name in ("current", "password", "again")]
        if session.stage is not Stage.FULL:
            return self.to("/login/code")
        try:
            login.change_password(session, typed[0], typed[1], typed[2], self.wiring)
        except ContractError as error:
            left = self.find_session(request)
            return (
                self._password(request, left, error)
                if left
                else self.show("login.html", request, None, error)
            )
        return self.to("/home", "password")

    @http("POST", "/logout", access=Access.HALFWAY)
    def log_out(self, request: Request, session: Session) -> Response:
        login.log_out(session, self.wiring)
        return self.browser.drop_session(self.to("/login", "loggedout"))

    @http("GET", "/<path:unknown>", access=Access.PUBLIC)
    def say_unknown(self, request: Request, caller: None, unknown: str) -> Response:
        return self.render_error(request, NotFound("没有找到这个页面。"))

    def _factor(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        if session.stage is Stage.FULL:
            return self.to("/home")
        picture = ""
        if session.offered:
            address = address_of(session.offered, session.account.account, _ISSUER)
            picture = segno.make(address, error="m").svg_inline(scale=5, border=2)
        return self.show("factor.html", request, session, problem, picture=picture)

    def _password(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        if session.stage is not Stage.FULL:
            return self.to("/login/code")
        return self.show("password.html", request, session, problem)
