"""From a WeChat user to a payer and back; the document of the API itself."""

from __future__ import annotations

import json

from werkzeug.wrappers import Request, Response

from contract import identity
from kit.http import Access, http
from kit.masking import mask_name, mask_number
from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS, PREFIX, operation
from services.gateway.api.payloads import login as payloads
from services.gateway.domain.sessions import CONSENT_VERSION, Session
from services.gateway.errors import LoginNeeded, SnapshotVisitor, WechatRefused, WechatUnavailable
from services.gateway.routes.base import Routes
from services.gateway.usecases import login
from services.gateway.usecases.login import Applicant


class LoginApi(Routes):
    """Sessions as the pages have them, held by the client itself."""

    @http("GET", f"{PREFIX}/openapi.json", access=Access.PUBLIC)
    def show_openapi(self, request: Request, caller: None) -> Response:
        text = json.dumps(document(OPERATIONS, self.settings.public_url), ensure_ascii=False)
        return self.browser.protect(Response(text, content_type="application/json"))

    @operation(
        "POST", "/wechat-sessions", "微信授权码换访客会话", access=Access.PUBLIC, body=payloads.WechatCode,
        answer=payloads.SessionOpened, status=201, errors=(WechatRefused, SnapshotVisitor, WechatUnavailable),
    )  # fmt: skip
    def open_visitor_session(
        self, request: Request, session: None, body: payloads.WechatCode
    ) -> payloads.SessionOpened:
        token = login.enter(self.wechat.openid_of(body.code), self.ports)
        return payloads.SessionOpened(token, self.settings.session_idle_seconds, CONSENT_VERSION)

    @operation(
        "POST", "/login-codes", "获取登录验证码", access=Access.VISITOR, body=payloads.LoginCodeWanted,
        answer=payloads.CodeOnItsWay, status=201, errors=(LoginNeeded, *identity.request_login_code.errors),
    )  # fmt: skip
    def request_login_code(
        self, request: Request, session: Session, body: payloads.LoginCodeWanted
    ) -> payloads.CodeOnItsWay:
        who = self._who(request, body)
        sent = login.request_login_code(session, who, body.consent_version, self.ports)
        return payloads.CodeOnItsWay(sent.resend_after, sent.valid_for, sent.notice)

    @operation(
        "POST", "/sessions", "登录：旧会话失效，返回新会话", access=Access.VISITOR, body=payloads.Login,
        answer=payloads.SessionOpened, status=201, errors=(LoginNeeded, *identity.log_in.errors),
    )  # fmt: skip
    def open_session(
        self, request: Request, session: Session, body: payloads.Login
    ) -> payloads.SessionOpened:
        token, opened = login.log_in(session, self._who(request, body), body.code, self.ports)
        person = self.payer(opened).person
        return payloads.SessionOpened(
            token, self.settings.session_idle_seconds, CONSENT_VERSION,
            mask_name(person.name), mask_number(person.document_number),
        )  # fmt: skip

    @operation(
        "DELETE", "/sessions/current", "退出登录", access=Access.VISITOR, status=204, errors=(LoginNeeded,)
    )
    def close_session(self, request: Request, session: Session, body: None) -> None:
        login.log_out(session, self.ports)

    def _who(self, request: Request, typed: payloads.LoginCodeWanted | payloads.Login) -> Applicant:
        return Applicant(typed.name, typed.document_number, typed.phone, self.browser.client_ip(request))
