"""短信 (3.2.1.12): what became of every reminder, how providers do, and one sent again."""

from __future__ import annotations

import datetime as dt

from werkzeug.wrappers import Request, Response

from contract.deliveries import (
    ListMessages,
    ListProviders,
    MessageState,
    ReplayMessage,
    ReportDelivery,
    list_messages,
    list_providers,
    replay_message,
    report_delivery,
)
from contract.errors import ContractError
from kit.http import Access, http
from services.console.domain.deliveries import PROVIDERS, why
from services.console.domain.sessions import Session
from services.console.routes.base import Routes

_DAYS = 7
ANSWERS = {
    "accepted": "已接收", "rejected": "被拒绝", "failed": "没有发出", "unclear": "答复不明", "not found": "没有收到",
}  # fmt: skip
FATES = {"delivered": "已送达", "failed": "没有送达"}


class MessageRoutes(Routes):
    """Reminders, for staff."""

    @http("GET", "/messages", access=Access.STAFF)
    def show_messages(self, request: Request, session: Session) -> Response:
        return self._messages(request, session)

    @http("POST", "/messages/<message_id>/replay", access=Access.STAFF)
    def replay(self, request: Request, session: Session, message_id: str) -> Response:
        try:
            reason = request.form.get("reason", "")
            self.ask(session, replay_message, ReplayMessage(session.account.account, message_id, reason))
        except ContractError as error:
            return self._messages(request, session, error)
        return self.to("/messages", "resent")

    def _messages(self, request: Request, session: Session, problem: ContractError | None = None) -> Response:
        state = request.args.get("state", "")
        wanted = ListMessages(
            request.args.get("event") or None,
            MessageState(state) if state in set(MessageState) else None,
            100,
        )
        now = self.clock.now()
        return self.show(
            "messages.html", request, session, problem, wanted=wanted, states=MessageState, days=_DAYS,
            messages=self.ask(session, list_messages, wanted).messages,
            report=self.ask(session, report_delivery, ReportDelivery(now - dt.timedelta(days=_DAYS), now)).providers,
            providers=self.ask(session, list_providers, ListProviders()).providers,
            undelivered=MessageState.UNDELIVERED, names=PROVIDERS, answers=ANSWERS, fates=FATES, why=why,
        )  # fmt: skip
