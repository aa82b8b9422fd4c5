"""Messages and sends as they are kept, and counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.notify.domain.messages import State
from services.notify.templates import Kind


@dataclass(frozen=True)
class Begun:
    """A send that begins. `message_id` is a code's reference where it is one."""

    message_id: str
    number: int
    kind: Kind
    provider: str
    segments: int


@dataclass(frozen=True)
class Kept:
    """A reminder as it is kept."""

    message_id: str
    event_id: str
    kind: Kind
    phone: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    template_version: str
    segments: int
    state: State
    provider: str
    reason: str | None
    created_at: dt.datetime


@dataclass(frozen=True)
class Figures:
    """What a provider did with a kind of message in a period."""

    provider: str
    kind: Kind
    attempts: int
    accepted: int
    delivered: int
    failed: int
    segments: int
    milliseconds: int
