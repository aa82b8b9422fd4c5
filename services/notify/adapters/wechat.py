"""WeChat's subscribe message (protocols.md §5), for payers who wished for it.

WeChat cannot be asked about a message, so where no answer came the payer is not told by SMS as well: the reminder ends
as undelivered, with that reason (docs/adr/0020).
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.notify.adapters.base import Ambiguous
from services.notify.adapters.wire import NotSent, Wire
from services.notify.domain.messages import WECHAT, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Catalogue

NAME = WECHAT
_UNWISHED = {43101, 40003}
"""The user does not take such messages, or not any more; there is no such user."""

_BAD_TOKEN = {40001, 40014, 42001}
_EARLY = dt.timedelta(minutes=5)
"""A token is replaced before it ends; WeChat lets the old one live as long."""

_FETCH_SECONDS = 10
_LONGEST = {"thing": 20, "character_string": 32, "time": 32, "amount": 16}

_log = logging.getLogger(__name__)


class Tokens(Protocol):
    """Where all replicas keep the one token."""

    def find_token(self, tx: Any, appid: str) -> tuple[str, dt.datetime] | None: ...
    def may_fetch_token(self, tx: Any, appid: str, now: dt.datetime, seconds: int) -> bool: ...
    def keep_token(self, tx: Any, appid: str, token: str, expires_at: dt.datetime) -> None: ...
    def spoil_token(self, tx: Any, appid: str, token: str, now: dt.datetime) -> None: ...


@dataclass(frozen=True)
class Account:
    """Where and as whom to call; `page` is where a tap on the message leads."""

    url: str
    appid: str
    secret: str = field(repr=False)
    page: str


class WechatMessages:
    """Tells payers in WeChat."""

    def __init__(self, account: Account, catalogue: Catalogue, transactions: Any, tokens: Tokens) -> None:
        self._account, self._catalogue = account, catalogue
        self._transactions, self._tokens = transactions, tokens
        self._wire = Wire("wechat.message")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._wire.close()

    def send(self, sms: Sms, now: dt.datetime) -> Rejected | Found:
        """bizsend to the payer. Raises Ambiguous."""
        template = self._catalogue[sms.kind].wechat
        if template is None:
            return Rejected("no template", Remedy.SWITCH)
        token = self._token(now)
        if token is None:
            return Rejected("no access token", Remedy.SWITCH)
        body = {
            "touser": sms.openid, "template_id": template.template_id, "page": self._account.page,
            "data": {name: {"value": _fitted(name, sms.variables[variable])}
                     for name, variable in template.fields.items()},
        }  # fmt: skip
        url = f"{self._account.url}/cgi-bin/message/subscribe/bizsend"
        try:
            answer = self._wire.ask("POST", url, params={"access_token": token}, json=body)
        except NotSent as error:
            return Rejected(str(error), Remedy.SWITCH)
        return self._outcome(answer, token, now)

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """Cannot be answered. Raises Ambiguous."""
        raise Ambiguous("WeChat cannot be asked")

    def _outcome(self, answer: Any, token: str, now: dt.datetime) -> Rejected | Found:
        code = answer.get("errcode") if isinstance(answer, dict) else None
        if code == 0:
            return Found(str(answer.get("msgid") or ""), delivered=True)
        if not isinstance(code, int):
            raise Ambiguous("the answer names no errcode")
        if code in _BAD_TOKEN:
            with self._transactions.transaction() as tx:
                self._tokens.spoil_token(tx, self._account.appid, token, now)
        return Rejected(f"errcode {code}", Remedy.SWITCH, unwished=code in _UNWISHED)

    def _token(self, now: dt.datetime) -> str | None:
        """The token all replicas use; None while there is none."""
        appid = self._account.appid
        with self._transactions.read() as tx:
            known = self._tokens.find_token(tx, appid)
        if known and known[1] > now + _EARLY:
            return known[0]
        with self._transactions.transaction() as tx:
            mine = self._tokens.may_fetch_token(tx, appid, now, _FETCH_SECONDS)
        fresh = self._fetch(now) if mine else None
        return fresh or (known[0] if known and known[1] > now else None)

    def _fetch(self, now: dt.datetime) -> str | None:
        asked = {
            "grant_type": "client_credential", "appid": self._account.appid, "secret": self._account.secret,
        }  # fmt: skip
        try:
            answer = self._wire.ask("GET", f"{self._account.url}/cgi-bin/token", params=asked)
            token, seconds = str(answer["access_token"]), int(answer["expires_in"])
        except (NotSent, Ambiguous, KeyError, TypeError, ValueError) as error:
            _log.warning("WeChat gave no access token: %s", type(error).__name__)
            return None
        with self._transactions.transaction() as tx:
            self._tokens.keep_token(tx, self._account.appid, token, now + dt.timedelta(seconds=seconds))
        return token


def _fitted(name: str, value: str) -> str:
    """WeChat refuses a whole message for one field that is too long."""
    longest = _LONGEST.get(name.rstrip("0123456789"), 20)
    return value if len(value) <= longest else value[: longest - 1] + "…"
