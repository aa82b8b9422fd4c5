"""短信提醒."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """`wechat`: be told in WeChat; otherwise by SMS."""

    wechat: bool
