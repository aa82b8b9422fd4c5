"""What the gateway needs of WeChat."""

from __future__ import annotations

from typing import Protocol


class WechatAuthorization(Protocol):
    """Finds out which follower of the official account a browser belongs to."""

    def authorize_url(self, return_url: str, state: str) -> str:
        """Where the browser is sent; WeChat sends it to `return_url` with a code and our state."""
        ...

    def openid_of(self, code: str) -> str:
        """The follower's openid. Raises WechatRefused, SnapshotVisitor or WechatUnavailable."""
        ...
