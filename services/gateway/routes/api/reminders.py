"""短信提醒: the payer's reminders, and the wish to get them in WeChat."""

from __future__ import annotations

from werkzeug.wrappers import Request

from contract import notify
from contract.notify import ListReminders, Reminders, WechatWished
from kit.http import Access
from services.gateway.api.operations import operation
from services.gateway.api.payloads.reminders import Wish
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases import reminders


class RemindersApi(Routes):
    """What the page 短信提醒 shows and does."""

    @operation(
        "GET",
        "/reminders",
        "短信提醒：本人缴费的提醒记录",
        access=Access.PAYER,
        answer=Reminders,
        errors=(LoginNeeded,),
    )
    def list_reminders_by_api(self, request: Request, session: Session, body: None) -> Reminders:
        return self.rpc.call(notify.list_reminders, ListReminders(self.payer(session).person_id))

    @operation(
        "POST", "/reminders/wechat", "改用微信提醒，或者改回短信", access=Access.PAYER, body=Wish, answer=WechatWished,
        errors=(LoginNeeded,),
        repeated="以最后一次为准。",
    )  # fmt: skip
    def wish_wechat_by_api(self, request: Request, session: Session, body: Wish) -> WechatWished:
        return reminders.wish_wechat(session, body.wechat, self.ports)
