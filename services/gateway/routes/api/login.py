"""From a WeChat user to a payer and back."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import identity
from contract.identity import Standing
from contract.people import Person
from kit.http import Access
from kit.masking import mask_name, mask_number, mask_phone
from services.gateway.api.operations import operation
from services.gateway.api.payloads import login as payloads
from services.gateway.domain.sessions import PRIVACY_VERSION, Session
from services.gateway.errors import LoginNeeded, SnapshotVisitor, WechatRefused, WechatUnavailable
from services.gateway.routes.base import Routes
from services.gateway.usecases import login
from services.gateway.usecases.login import Applicant


class LoginApi(Routes):
    """Sessions as the pages have them, held by the client itself."""

    @operation(
        "POST", "/wechat-sessions", "微信授权码换会话：半小时内登录过的直接是缴费人", access=Access.PUBLIC,
        body=payloads.WechatCode, answer=payloads.SessionOpened, status=201,
        errors=(WechatRefused, SnapshotVisitor, WechatUnavailable),
        repeated="微信的 code 只能用一次，请重新取得。",
    )  # fmt: skip
    def open_visitor_session(
        self, request: Request, session: None, body: payloads.WechatCode
    ) -> payloads.SessionOpened:
        return self._opened(*login.enter(self.wechat.openid_of(body.code), self.device(request), self.ports))

    @operation(
        "POST", "/login-codes", "获取登录验证码", access=Access.VISITOR, body=payloads.LoginCodeWanted,
        answer=payloads.CodeOnItsWay, status=201,
        errors=(LoginNeeded, identity.ConsentMissing, *identity.request_login_code.errors),
        repeated="60秒以内再要，答复 429；新验证码发出后，旧的失效。",
    )  # fmt: skip
    def request_login_code(
        self, request: Request, session: Session, body: payloads.LoginCodeWanted
    ) -> payloads.CodeOnItsWay:
        who = self._who(request, session, body)
        sent = login.request_login_code(session, who, body.consent_version, self.ports)
        return payloads.CodeOnItsWay(sent.resend_after, sent.valid_for, sent.notice)

    @operation(
        "POST", "/sessions", "登录：旧会话失效，返回新会话", access=Access.VISITOR, body=payloads.Login,
        answer=payloads.SessionOpened, status=201, errors=(LoginNeeded, *identity.log_in.errors),
        repeated="验证码只能用一次，请重新获取。",
    )  # fmt: skip
    def open_session(
        self, request: Request, session: Session, body: payloads.Login
    ) -> payloads.SessionOpened:
        who = self._who(request, session, body)
        return self._opened(*login.log_in(session, who, body.code, self.device(request), self.ports))

    @operation(
        "DELETE", "/sessions/current", "退出登录", access=Access.VISITOR, status=204, errors=(LoginNeeded,)
    )
    def close_session(self, request: Request, session: Session, body: None) -> None:
        login.log_out(session, self.ports)

    def _who(
        self, request: Request, session: Session, typed: payloads.LoginCodeWanted | payloads.Login
    ) -> Applicant:
        client_ip = self.browser.client_ip(request)
        if not (typed.name or typed.document_number or typed.phone):
            recalled = login.recalled_applicant(session, client_ip)
            if recalled is not None:
                return recalled
        return Applicant(typed.name, typed.document_number, typed.phone, client_ip, typed.document_type)

    def _opened(self, token: str, session: Session) -> payloads.SessionOpened:
        known = session.payer or session.recalled
        standing = Standing.RECENT if session.payer else Standing.KNOWN if known else Standing.NEW
        person, phone = (known.person, known.phone) if known else (None, "")
        return payloads.SessionOpened(
            token, self.settings.session_idle_seconds, PRIVACY_VERSION, standing,
            session.payer is None and login.needs_consent(session), *_masked(person, phone),
        )  # fmt: skip


def _masked(person: Person | None, phone: str) -> tuple[str, str, str]:
    if person is None:
        return "", "", ""
    return mask_name(person.name), mask_number(person.document_number), mask_phone(phone)
