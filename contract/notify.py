"""RPCs of the notify service: codes travel by RPC because they are worthless after minutes (3.2.1.2); a person sees the
reminders of what they paid (3.2.1.12)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import Unavailable
from contract.rpc import Method


class SmsNotAccepted(Unavailable):
    """The provider did not take the message."""

    code = "sms_not_accepted"
    text = "短信暂时发送失败，请稍后再试。"


@dataclass(frozen=True)
class SendCode:
    """Send a code now or not at all. `reference` makes a repeat harmless; the code is never stored."""

    reference: str
    phone: str
    code: str
    valid_minutes: int


@dataclass(frozen=True)
class CodeSent:
    """The provider accepted it."""

    reference: str


send_code = Method(
    "notify", "send_code", SendCode, CodeSent, errors=(SmsNotAccepted,), deadline=6.0, command=True
)


class ReminderState(enum.StrEnum):
    """How far a reminder is."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"

    @property
    def label(self) -> str:
        return {
            "waiting": "等待发送", "sent": "已发送，等待送达", "delivered": "已送达", "undelivered": "没有送达",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class ListReminders:
    """The newest reminders of what this payer paid or tried to pay, to whomever they went.

    A payer and not a phone is named, because a phone's next owner must not read its last one's.
    """

    payer_id: str
    limit: int = 50


@dataclass(frozen=True)
class Reminder:
    """One reminder: `title` and `text` in Chinese, masked; `phone` masked; `in_wechat` where it went there instead."""

    title: str
    text: str
    phone: str
    in_wechat: bool
    state: ReminderState
    created_at: dt.datetime


@dataclass(frozen=True)
class Reminders:
    """Newest first. `wechat`: the payer wishes to be told in WeChat; `wechat_offered`: that can be wished for."""

    reminders: tuple[Reminder, ...]
    wechat: bool
    wechat_offered: bool


@dataclass(frozen=True)
class WishWechat:
    """Tell this person in WeChat from now on, as this WeChat user; by SMS where WeChat refuses. Without an openid: by
    SMS again."""

    person_id: str
    openid: str | None = None


@dataclass(frozen=True)
class WechatWished:
    """What holds now."""

    wechat: bool


list_reminders = Method("notify", "list_reminders", ListReminders, Reminders)
wish_wechat = Method("notify", "wish_wechat", WishWechat, WechatWished, command=True)
