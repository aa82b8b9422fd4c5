"""What the service needs of a provider."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Sms


class Ambiguous(Exception):
    """The provider was asked and no answer came: it may or may not have done it."""


class UnreadableReceipt(Exception):
    """What came to a receipt's address is not this provider's receipt."""


class SmsProvider(Protocol):
    """A party that sends messages. Both calls end within seconds."""

    def close(self) -> None:
        """Let go of what it holds open."""
        ...

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected | Found:
        """Hand over one message. Raises Ambiguous."""
        ...

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """What became of a message handed over since a moment. Raises Ambiguous."""
        ...


@runtime_checkable
class Reports(Protocol):
    """A provider whose receipts come by HTTP."""

    def receipts(self, body: Any) -> list[Found]:
        """The reports in a receipt's JSON, each final. Raises UnreadableReceipt."""
        ...

    def thanks(self) -> Mapping[str, Any]:
        """The answer that ends the provider's retries."""
        ...
