"""短信提醒 under 我的: the reminders of what the payer paid, and whether they come by SMS or in WeChat (3.2.1.12)."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract import notify
from contract.notify import ListReminders
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes
from services.gateway.usecases import reminders


class ReminderRoutes(Routes):
    """The list and the wish."""

    @http("GET", "/account/reminders", access=Access.PAYER)
    def show_reminders(self, request: Request, session: Session) -> Response:
        found = self.rpc.call(notify.list_reminders, ListReminders(self.payer(session).person_id))
        return self.show("reminders.html", request, session, found=found)

    @http("POST", "/account/reminders/wechat", access=Access.PAYER)
    def wish_wechat(self, request: Request, session: Session) -> Response:
        """By the button's own value, so that a stale page never turns the wish round."""
        wished = reminders.wish_wechat(session, request.form.get("wechat") == "1", self.ports)
        notice = "inwechat" if wished.wechat else "bysms"
        return self.browser.protect(go("/account/reminders", notice=notice))
