"""What the service needs of an SMS provider."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from services.notify.domain import Accepted, Found, NotFound, Rejected, Sms


class Ambiguous(Exception):
    """The provider was asked and no answer came: it may or may not have done it."""


class SmsProvider(Protocol):
    """A party that sends SMS. Both calls end within seconds."""

    def close(self) -> None:
        """Let go of what it holds open."""
        ...

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        """Hand over one message. Raises Ambiguous."""
        ...

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """What became of a message handed over since a moment. Raises Ambiguous."""
        ...
