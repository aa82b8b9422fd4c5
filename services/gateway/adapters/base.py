"""What the gateway needs of WeChat."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from services.gateway.domain.sdk import PageSignature


class OfficialAccount(Protocol):
    """Finds out which follower of the account a browser belongs to, and lets our pages use the phone by the JS-SDK."""

    def authorize_url(self, return_url: str, state: str) -> str:
        """Where the browser is sent; WeChat sends it to `return_url` with a code and our state."""
        ...

    def openid_of(self, code: str) -> str:
        """The follower's openid. Raises WechatRefused, SnapshotVisitor or WechatUnavailable."""
        ...

    def fetch_ticket(self) -> tuple[str, dt.timedelta]:
        """The account's jsapi_ticket and how long it lives. Raises WechatUnavailable."""
        ...

    def sign_page(self, url: str, ticket: str, nonce: str, timestamp: int) -> PageSignature:
        """For one page; what follows a # in its address does not count."""
        ...
