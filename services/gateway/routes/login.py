"""用户认证 (3.2.1.2 case 1) and logging out."""

from __future__ import annotations

import math
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.identity import (
    CodeExpired,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    LoginCodeSent,
    WrongCode,
)
from kit.http import Access, http
from kit.masking import mask_phone
from services.gateway.browser import go
from services.gateway.domain.paths import local_path
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import login
from services.gateway.usecases.login import Applicant

_FIELDS: dict[type[ContractError], str] = {
    InvalidName: "name", InvalidIdNumber: "document_number", InvalidPhone: "phone",
    WrongCode: "code", CodeExpired: "code",
}  # fmt: skip
_NO_INPUT = {"name": "", "document_number": "", "phone": "", "code": "", "consent": "", "next": ""}


class LoginRoutes(Routes):
    """A visitor becomes a payer."""

    @http("GET", "/login", access=Access.VISITOR)
    def show_login(self, request: Request, session: Session) -> Response:
        if session.payer is not None:
            return self.browser.protect(go(local_path(request.args.get("next")) or "/menu"))
        return self._form(request, session, {"next": local_path(request.args.get("next")) or ""})

    @http("POST", "/login/code", access=Access.VISITOR)
    def send_code(self, request: Request, session: Session) -> Response:
        """The same form again, with what was typed and what became of the code."""
        try:
            sent = login.request_login_code(
                session, self._applicant(request), request.form.get("consent", ""), self.ports
            )
        except ContractError as error:
            return self._refuse(request, session, error)
        return self._form(request, session, request.form, sent=sent)

    @http("GET", "/login/code", access=Access.VISITOR)
    def show_code(self, request: Request, session: Session) -> Response:
        """The address of the page after 获取验证码, loaded again."""
        return self.browser.protect(go("/login"))

    @http("POST", "/login", access=Access.VISITOR)
    def log_in(self, request: Request, session: Session) -> Response:
        target = go(local_path(request.form.get("next")) or "/menu")
        if session.payer is not None:
            return self.browser.protect(target)
        try:
            token, _ = login.log_in(
                session, self._applicant(request), request.form.get("code", ""), self.ports
            )
        except ContractError as error:
            return self._refuse(request, session, error)
        return self.browser.protect(self.browser.keep_session(target, token))

    @http("POST", "/logout", access=Access.VISITOR)
    def log_out(self, request: Request, session: Session) -> Response:
        login.log_out(session, self.ports)
        return self.browser.protect(self.browser.drop_session(go("/", notice="loggedout")))

    def _applicant(self, request: Request) -> Applicant:
        name, number, phone = (request.form.get(field, "") for field in ("name", "document_number", "phone"))
        return Applicant(name, number, phone, self.browser.client_ip(request))

    def _refuse(self, request: Request, session: Session, error: ContractError) -> Response:
        field = error.detail.get("field") or _FIELDS.get(type(error)) or "form"
        message = error.message
        if isinstance(error, WrongCode) and error.detail.get("tries_left"):
            message = f"{message}还可以再试{error.detail['tries_left']}次。"
        return self._form(request, session, request.form, status=error.status, errors={field: message})

    def _form(
        self, request: Request, session: Session, typed: Any, status: int = 200,
        errors: dict[str, str] | None = None, sent: LoginCodeSent | None = None,
    ) -> Response:  # fmt: skip
        shown = _NO_INPUT | {name: typed[name] for name in _NO_INPUT if name in typed}
        wait = sent.resend_after if sent else 0
        if session.resend_at and not sent:
            wait = max(0, math.ceil((session.resend_at - self.clock.now()).total_seconds()))
        return self.show(
            "login.html", request, session, status, typed=shown, errors=errors or {}, sent=sent,
            wait=wait, phone=mask_phone(shown["phone"].strip()) if sent else "",
        )  # fmt: skip
