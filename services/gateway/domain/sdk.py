"""What a page tells WeChat's JS-SDK, so that WeChat lends it the phone's camera and its menu (protocols.md §5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSignature:
    """Good for one page, by its whole address; `timestamp` is in seconds."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


def in_wechat(user_agent: str) -> bool:
    """Whether a page is shown by WeChat's own browser, the only one that knows the JS-SDK."""
    return "MicroMessenger" in user_agent
