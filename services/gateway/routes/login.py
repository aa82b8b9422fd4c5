"""Login by SMS code (3.2.1.2): everything at first, a code for the person of last time later, and logging out."""

from __future__ import annotations

import math
from typing import Any

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.identity import (
    CodeExpired,
    ConsentMissing,
    InvalidDocumentNumber,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    LoginCodeSent,
    TooManyCodes,
    TooManyGuesses,
    WrongCode,
)
from contract.people import DocumentType
from kit.http import Access, http
from kit.masking import mask_phone
from services.gateway.browser import go
from services.gateway.domain.documents import number_hint, number_label, type_of
from services.gateway.domain.paths import local_path
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import login
from services.gateway.usecases.login import Applicant

_FIELDS: dict[type[ContractError], str] = {
    InvalidName: "name", InvalidIdNumber: "document_number", InvalidDocumentNumber: "document_number",
    InvalidPhone: "phone", ConsentMissing: "consent", WrongCode: "code", CodeExpired: "code",
    TooManyCodes: "code", TooManyGuesses: "code",
}  # fmt: skip
_ON_SMS_PAGE = {"consent", "code"}
_NO_INPUT = {
    "document_type": "", "name": "", "document_number": "", "phone": "", "code": "", "consent": "", "next": "",
}  # fmt: skip
_RECALLED = "recalled"
"""What the SMS page's form says of itself: the person is the one this session recalls."""


class LoginRoutes(Routes):
    """A visitor becomes a payer, or a payer logs in again."""

    @http("GET", "/login", access=Access.VISITOR)
    def show_login(self, request: Request, session: Session) -> Response:
        """The SMS page for who is recalled, the whole form for everybody else."""
        return_path = local_path(request.args.get("next")) or ""
        if session.payer is not None and session.recalled is None:
            return self.browser.protect(go(return_path or "/menu"))
        return self._form(request, session, {"next": return_path}, whole=session.recalled is None)

    @http("GET", "/login/anew", access=Access.VISITOR)
    def show_whole_form(self, request: Request, session: Session) -> Response:
        """【重新认证】: everything is typed anew, by another person or with another phone."""
        return self._form(request, session, {"next": local_path(request.args.get("next")) or ""})

    @http("POST", "/login/anew", access=Access.VISITOR)
    def show_other_document(self, request: Request, session: Session) -> Response:
        """The whole form again, after another 证件类型 was chosen."""
        return self._form(request, session, request.form)

    @http("POST", "/login/code", access=Access.VISITOR)
    def send_code(self, request: Request, session: Session) -> Response:
        """The same form again, with what was typed and what became of the code."""
        try:
            sent = login.request_login_code(
                session, self._applicant(request, session), request.form.get("consent", ""), self.ports
            )
        except ContractError as error:
            return self._refuse(request, session, error)
        return self._form(request, session, request.form, whole=not _is_sms_page(request, session), sent=sent)

    @http("GET", "/login/code", access=Access.VISITOR)
    def show_code(self, request: Request, session: Session) -> Response:
        """The address of the page after 获取验证码, loaded again."""
        return self.browser.protect(go("/login"))

    @http("POST", "/login", access=Access.VISITOR)
    def log_in(self, request: Request, session: Session) -> Response:
        who, code = self._applicant(request, session), request.form.get("code", "")
        try:
            token, _ = login.log_in(session, who, code, self.device(request), self.ports)
        except ContractError as error:
            return self._refuse(request, session, error)
        target = go(local_path(request.form.get("next")) or "/menu")
        return self.browser.protect(self.browser.keep_session(target, token))

    @http("POST", "/logout", access=Access.VISITOR)
    def log_out(self, request: Request, session: Session) -> Response:
        login.log_out(session, self.ports)
        return self.browser.protect(self.browser.drop_session(go("/", notice="loggedout")))

    def _applicant(self, request: Request, session: Session) -> Applicant:
        """Who the form is about: typed, or recalled by the session, which alone knows the whole of it."""
        client_ip = self.browser.client_ip(request)
        recalled = login.recalled_applicant(session, client_ip)
        if recalled is not None and _is_sms_page(request, session):
            return recalled
        name, number, phone = (request.form.get(field, "") for field in ("name", "document_number", "phone"))
        return Applicant(name, number, phone, client_ip, type_of(request.form.get("document_type", "")))

    def _refuse(self, request: Request, session: Session, error: ContractError) -> Response:
        whole = not _is_sms_page(request, session)
        field = _FIELDS.get(type(error)) or error.detail.get("field") or "form"
        if not whole and field not in _ON_SMS_PAGE:
            field = "form"
        return self._form(
            request, session, request.form, whole=whole, status=error.status, errors={field: _in_words(error)}
        )

    def _form(
        self, request: Request, session: Session, typed: Any, whole: bool = True, status: int = 200,
        errors: dict[str, str] | None = None, sent: LoginCodeSent | None = None,
    ) -> Response:  # fmt: skip
        shown = _NO_INPUT | {name: typed[name] for name in _NO_INPUT if name in typed}
        wait = sent.resend_after if sent else 0
        if session.resend_at and not sent:
            wait = max(0, math.ceil((session.resend_at - self.clock.now()).total_seconds()))
        kind = type_of(shown["document_type"])
        phone = shown["phone"].strip() if whole or session.recalled is None else session.recalled.phone
        return self.show(
            "login.html" if whole else "login_code.html", request, session, status, typed=shown,
            errors=errors or {}, sent=sent, wait=wait, phone=mask_phone(phone) if sent else "",
            kinds=[(one.value, one.label) for one in DocumentType], kind=kind, label=number_label(kind),
            hint=number_hint(kind),
            consent_wanted=whole or login.needs_consent(session),
        )  # fmt: skip


def _is_sms_page(request: Request, session: Session) -> bool:
    return session.recalled is not None and request.form.get("who") == _RECALLED


def _in_words(error: ContractError) -> str:
    """The error with what the person may do next."""
    if isinstance(error, WrongCode) and error.detail.get("tries_left"):
        return f"{error.message}还可以再试{error.detail['tries_left']}次。"
    return error.message
