"""Signing pages for WeChat's JS-SDK."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any, Protocol

from kit.clock import Clock
from kit.database import Transactions
from services.gateway.adapters.base import OfficialAccount
from services.gateway.domain.sdk import PageSignature
from services.gateway.errors import WechatUnavailable

_EARLY = dt.timedelta(minutes=5)
"""A ticket is replaced before it ends."""

_PAUSE = dt.timedelta(minutes=1)
"""So long nobody else fetches a ticket: neither beside who does, nor right after WeChat did not answer."""


class TicketStorage(Protocol):
    """Where all replicas keep the one ticket."""

    def find(self, tx: Any) -> tuple[str, dt.datetime] | None: ...
    def may_fetch(self, tx: Any, now: dt.datetime, until: dt.datetime) -> bool: ...
    def keep(self, tx: Any, ticket: str, expires_at: dt.datetime) -> None: ...


def sign_page(
    url: str, wechat: OfficialAccount, tickets: TicketStorage, transactions: Transactions, clock: Clock
) -> PageSignature | None:
    """For the page at this address, which must be as the browser shows it. None while WeChat gives no ticket: the
    page then does without its camera."""
    now = clock.now()
    with transactions.transaction() as tx:
        known = tickets.find(tx)
        fetch = (known is None or known[1] <= now + _EARLY) and tickets.may_fetch(tx, now, now + _PAUSE)
    if fetch:
        try:
            ticket, life = wechat.fetch_ticket()
        except WechatUnavailable:
            pass
        else:
            known = ticket, now + life
            with transactions.transaction() as tx:
                tickets.keep(tx, *known)
    if known is None or known[1] <= now:
        return None
    return wechat.sign_page(url, known[0], secrets.token_hex(8), int(now.timestamp()))
