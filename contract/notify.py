"""RPCs of the notify service: codes travel by RPC because they are worthless after minutes (3.2.1.2)."""

from __future__ import annotations

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
