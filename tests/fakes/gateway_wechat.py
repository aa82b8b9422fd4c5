"""The official account, and the ticket all replicas share, without WeChat."""

from __future__ import annotations

import datetime as dt
from typing import Any

from services.gateway.domain.sdk import PageSignature
from services.gateway.errors import WechatUnavailable


class FakeOfficialAccount:
    """Gives a new ticket each time; nothing while `down`."""

    def __init__(self) -> None:
        self.down = False
        self.fetched = 0

    def authorize_url(self, return_url: str, state: str) -> str:
        return f"https://wechat.example/?{return_url}&{state}"

    def openid_of(self, code: str) -> str:
        return f"openid of {code}"

    def fetch_ticket(self) -> tuple[str, dt.timedelta]:
        self.fetched += 1
        if self.down:
            raise WechatUnavailable
        return f"ticket-{self.fetched}", dt.timedelta(hours=2)

    def sign_page(self, url: str, ticket: str, nonce: str, timestamp: int) -> PageSignature:
        return PageSignature("wx1", timestamp, nonce, f"{ticket} for {url}")


class FakeTickets:
    def __init__(self) -> None:
        self.kept: tuple[str, dt.datetime] | None = None
        self.until: dt.datetime | None = None

    def find(self, tx: Any) -> tuple[str, dt.datetime] | None:
        return self.kept

    def may_fetch(self, tx: Any, now: dt.datetime, until: dt.datetime) -> bool:
        free = self.until is None or self.until <= now
        self.until = until if free else self.until
        return free

    def keep(self, tx: Any, ticket: str, expires_at: dt.datetime) -> None:
        self.kept = ticket, expires_at
