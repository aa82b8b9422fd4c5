"""From the official account's menu to a WeChat user we know (3.2.1.1): OAuth, 大字版, static files, unknown URLs."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.errors import NotFound
from kit.http import Access, http
from services.gateway.assets import serve_asset
from services.gateway.browser import go
from services.gateway.domain.paths import local_path
from services.gateway.domain.sessions import Session
from services.gateway.errors import WechatRefused
from services.gateway.routes.base import Routes
from services.gateway.usecases import login


class EntryRoutes(Routes):
    """Open to anyone."""

    show_name = None  # the base's page at /, where residents enter

    @http("GET", "/", access=Access.PUBLIC)
    def enter(self, request: Request, caller: None) -> Response:
        """Where 办一办 → 社保费缴费 leads. Whose login is less than half an hour old goes straight on; a live session
        needs no WeChat for that."""
        return_path, notice = local_path(request.args.get("next")), request.args.get("notice", "")
        session = self.find_session(request)
        if session is not None:
            token, session = login.enter_again(session, self.device(request), self.ports)
            return self.browser.protect(self._go_on(session, token, return_path, notice))
        entry = self.browser.new_entry(return_path, notice)
        return_url = f"{self.settings.public_url.rstrip('/')}/wechat/callback"
        answer = self.browser.send_away(self.wechat.authorize_url(return_url, entry.state))
        return self.browser.protect(self.browser.keep_entry(answer, entry))

    @http("GET", "/wechat/callback", access=Access.PUBLIC)
    def come_back_from_wechat(self, request: Request, caller: None) -> Response:
        """WeChat names the visitor; who comes here without having been sent by us does not get in."""
        entry = self.browser.entry(request)
        if entry is None:
            if self.find_session(request) is not None:
                return self.browser.protect(go("/"))  # the page was loaded again after it had worked
            raise WechatRefused
        openid = self.wechat.openid_of(request.args.get("code", ""))
        token, session = login.enter(openid, self.device(request), self.ports)
        answer = self._go_on(session, token, entry.return_path, entry.notice)
        return self.browser.protect(self.browser.drop_entry(answer))

    @http("POST", "/text-size", access=Access.PUBLIC)
    def change_text_size(self, request: Request, caller: None) -> Response:
        """大字版 on and off, for browsers without JavaScript. A preference, so no CSRF token."""
        answer = go(local_path(request.form.get("back")) or "/")
        wanted = request.form.get("size") == "large"
        return self.browser.protect(self.browser.keep_large_text(answer, wanted))

    @http("GET", "/static/<digest>/<path:file>", access=Access.PUBLIC)
    def show_asset(self, request: Request, caller: None, digest: str, file: str) -> Response:
        return self.browser.protect(serve_asset(request, digest, file))

    @http("GET", "/<path:unknown>", access=Access.PUBLIC)
    def show_nothing(self, request: Request, caller: None, unknown: str) -> Response:
        raise NotFound("没有找到这个页面。")

    @http("POST", "/<path:unknown>", access=Access.PUBLIC)
    def accept_nothing(self, request: Request, caller: None, unknown: str) -> Response:
        raise NotFound("没有找到这个页面。")

    @http("PUT,PATCH,DELETE,OPTIONS", "/<path:unknown>", access=Access.PUBLIC)
    def change_nothing(self, request: Request, caller: None, unknown: str) -> Response:
        raise NotFound("没有找到这个地址。")

    def _go_on(self, session: Session, token: str | None, return_path: str | None, notice: str) -> Response:
        """To where the visitor was going, or to the login page that leads there."""
        if session.payer is not None and session.recalled is None:
            answer = go(return_path or "/menu")
        else:
            answer = go("/login", next=return_path or "", notice=notice)
        return answer if token is None else self.browser.keep_session(answer, token)
