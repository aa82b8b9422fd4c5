"""Rules of notify: what a reminder says, to whom, and what becomes of a message after each step."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contract.payment import Contribution
from services.notify.templates import LONGEST, Catalogue, Kind

CLOSED_BY_PAYER: Final = "closed_by_payer"
"""The payer closed the order: they know, and are told nothing."""

LEASE: Final = dt.timedelta(seconds=20)
"""How long a sender may keep a message it claimed; longer than a call to the provider can take."""

LOOK_AGAIN: Final = dt.timedelta(seconds=10)
FIRST_RETRY: Final = dt.timedelta(seconds=5)
LONGEST_RETRY: Final = dt.timedelta(minutes=30)
MAX_ATTEMPTS: Final = 20
"""About six hours of retries; a reminder later than that helps nobody."""

MAX_AGE: Final = dt.timedelta(days=3)
"""The provider tells the fate of a message for seven days; older doubts are never resolved."""

_OPEN_TEXTS = ("advice", "reason", "agency")
"""Variables other systems write freely: shortened, in this order, when a text is longer than providers take."""


class State(enum.StrEnum):
    """queued: to be sent · sending: handed to the provider, answer not recorded · sent · undelivered: given up."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERED = "undelivered"


class CodeState(enum.StrEnum):
    """sending: handed to the provider · sent: the provider took it · refused: nobody will send it."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sms:
    """What a provider is asked to send. `message_id` travels with it and finds it again."""

    message_id: str
    kind: Kind
    phone: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Message:
    """A reminder on its way. `tries` counts sends begun; `tried_at` is when the latest began.

    `doubtful`: a send began and its end was never recorded.
    """

    sms: Sms
    tries: int
    created_at: dt.datetime
    tried_at: dt.datetime | None
    doubtful: bool


@dataclass(frozen=True)
class Accepted:
    """The provider took it, under its own number."""

    serial: str


@dataclass(frozen=True)
class Rejected:
    """The provider did not take it. `permanent`: it never will."""

    reason: str
    permanent: bool


@dataclass(frozen=True)
class Unclear:
    """The provider may or may not have taken it."""

    reason: str


@dataclass(frozen=True)
class Found:
    """The provider had taken it; `failure` says why it did not reach the phone, if it knows."""

    serial: str
    failure: str = ""


@dataclass(frozen=True)
class NotFound:
    """The provider knows nothing of it."""


Outcome = Accepted | Rejected | Unclear | Found | NotFound


@dataclass(frozen=True)
class Step:
    """What a message becomes. `due_at` is when somebody must look at it again."""

    state: State
    due_at: dt.datetime | None = None
    reason: str = ""
    serial: str = ""


def next_step(message: Message, outcome: Outcome, now: dt.datetime, grace: dt.timedelta) -> Step:
    """What follows from what the provider said: the one table of a message's life after it was claimed.

    `grace` is how long after a try the provider may still make up its mind: until then “not found” means “ask
    again later”.
    """
    match outcome:
        case Accepted(serial) | Found(serial, ""):
            return Step(State.SENT, serial=serial)
        case Found(serial, failure):
            return Step(State.UNDELIVERED, reason=failure, serial=serial)
        case Rejected(reason, permanent):
            return _give_up(reason) if permanent or _hopeless(message, now) else _retry(message, reason, now)
        case Unclear(reason):
            # Never queued: it would be sent again without asking.
            old = now - message.created_at > MAX_AGE
            return _give_up(f"fate unknown: {reason}") if old else _ask_again(message, reason, now)
        case NotFound():
            if now - _begun(message) < grace:
                return _ask_again(message, "the provider does not know it yet", now)
            if _hopeless(message, now):
                return _give_up("the provider never knew it")
            return Step(State.QUEUED, now, "the provider does not know it")


def retry_delay(tries: int) -> dt.timedelta:
    """Doubling from FIRST_RETRY, at most LONGEST_RETRY."""
    return min(FIRST_RETRY * (1 << min(max(tries - 1, 0), 20)), LONGEST_RETRY)


def may_still_send(message: Message, now: dt.datetime) -> bool:
    """Whether the claim is young enough for the provider's answer to come before anybody else looks."""
    return now - _begun(message) < LEASE / 2


def recipients(contribution: Contribution) -> tuple[str, ...]:
    """The phones a reminder goes to: the payer's and, if another one, the insured's."""
    return phones_of(contribution.payer_phone, contribution.insured_phone)


def phones_of(*phones: str | None) -> tuple[str, ...]:
    """Those that were given, each once."""
    return tuple(
        dict.fromkeys(phone.strip().removeprefix("+86") for phone in phones if phone and phone.strip())
    )


def fitted(catalogue: Catalogue, kind: Kind, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables whose text is no longer than providers take; what others wrote is shortened first."""
    kept = dict(variables)
    for name in _OPEN_TEXTS:
        excess = catalogue.length(kind, kept) - LONGEST
        if excess > 0 and name in kept:
            kept[name] = kept[name][: max(0, len(kept[name]) - excess - 1)] + "…"
    return kept


def _retry(message: Message, reason: str, now: dt.datetime) -> Step:
    return Step(State.QUEUED, now + retry_delay(message.tries), reason)


def _ask_again(message: Message, reason: str, now: dt.datetime) -> Step:
    """The older the doubt, the longer the pause."""
    pause = min(max(LOOK_AGAIN, (now - _begun(message)) / 4), LONGEST_RETRY)
    return Step(State.SENDING, now + pause, reason)


def _give_up(reason: str) -> Step:
    return Step(State.UNDELIVERED, reason=reason)


def _hopeless(message: Message, now: dt.datetime) -> bool:
    return message.tries >= MAX_ATTEMPTS or now - message.created_at > MAX_AGE


def _begun(message: Message) -> dt.datetime:
    return message.tried_at or message.created_at
