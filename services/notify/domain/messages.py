"""Rules of notify: what becomes of a message after each step."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.notify.templates import Kind

WECHAT: Final = "wechat"
"""The provider that is no SMS: WeChat's subscribe message, tried first where the payer wished for it."""

LEASE: Final = dt.timedelta(seconds=20)
"""How long a sender may keep a message it claimed; longer than a call to the provider can take."""

LOOK_AGAIN: Final = dt.timedelta(seconds=10)
FIRST_RETRY: Final = dt.timedelta(seconds=5)
LONGEST_RETRY: Final = dt.timedelta(minutes=30)
MAX_ATTEMPTS: Final = 20
"""About six hours of retries; a reminder later than that helps nobody."""

MAX_AGE: Final = dt.timedelta(days=3)
"""The provider tells the fate of a message for seven days; older doubts are never resolved."""


class State(enum.StrEnum):
    """queued: to be sent · sending: handed to a provider, answer not recorded · sent: a provider took it, no receipt
    yet · delivered: it is on the phone · undelivered: given up, and said so."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class CodeState(enum.StrEnum):
    """sending: handed to the provider · sent: the provider took it · refused: nobody will send it."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sms:
    """What a provider is asked to send. `message_id` travels with it and finds it again; `openid` is there where the
    payer wants to be told in WeChat."""

    message_id: str
    kind: Kind
    phone: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    openid: str = field(default="", repr=False)


@dataclass(frozen=True)
class Message:
    """A reminder on its way. `tries` counts sends begun; `tried_at` is when the latest began, `provider` with whom.

    `doubtful`: a send began and its end was never recorded. `awaited`: a provider took it and its receipt is missing.
    `avoided` are the providers that turned it away, `resends` counts sends after a receipt that said no.
    """

    sms: Sms
    tries: int
    created_at: dt.datetime
    tried_at: dt.datetime | None
    doubtful: bool
    provider: str = ""
    awaited: bool = False
    avoided: tuple[str, ...] = ()
    resends: int = 0


class Remedy(enum.StrEnum):
    """What helps against a refusal. retry: time · switch: another provider · give_up: nothing, it is the phone."""

    RETRY = "retry"
    SWITCH = "switch"
    GIVE_UP = "give_up"


@dataclass(frozen=True)
class Accepted:
    """The provider took it, under its own number."""

    serial: str


@dataclass(frozen=True)
class Rejected:
    """The provider did not take it. `unwished`: this person does not want to be told by it at all."""

    reason: str
    remedy: Remedy
    unwished: bool = False


@dataclass(frozen=True)
class Unclear:
    """The provider may or may not have taken it."""

    reason: str


@dataclass(frozen=True)
class Found:
    """The provider had taken it. `delivered`: it is on the phone; `failure` says why it never will be, and `hopeless`
    that no other provider could do better. With neither the provider waits for the carrier's report itself."""

    serial: str
    failure: str = ""
    delivered: bool = False
    hopeless: bool = False


@dataclass(frozen=True)
class NotFound:
    """The provider knows nothing of it."""


Outcome = Accepted | Rejected | Unclear | Found | NotFound


@dataclass(frozen=True)
class Step:
    """What a message becomes. `due_at` is when somebody must look at it again; `avoid` adds the provider of this try
    to those avoided, `resend` counts one send after a receipt that said no."""

    state: State
    due_at: dt.datetime | None = None
    reason: str = ""
    serial: str = ""
    avoid: bool = False
    resend: bool = False


@dataclass(frozen=True)
class Patience:
    """How long the sender waits before it believes the worst. `grace`: for a provider to know a message it took;
    until then “not found” means “ask again later”. `receipt`: for the carrier's report."""

    grace: dt.timedelta
    receipt: dt.timedelta


def next_step(
    message: Message, outcome: Outcome, now: dt.datetime, patience: Patience, others: bool = False
) -> Step:
    """What follows from what the provider said: the one table of a message's life after it was claimed.

    `others`: there is a provider that was not tried yet.
    """
    match outcome:
        case Accepted(serial):
            return Step(State.SENT, now + patience.receipt, serial=serial)
        case Found():
            return _after_report(message, outcome, now, patience, others)
        case Rejected():
            return _after_refusal(message, outcome, now, others)
    if message.awaited:
        reason = outcome.reason if isinstance(outcome, Unclear) else "the provider has no report of it"
        return _await_receipt(message, reason, now, patience)
    if isinstance(outcome, Unclear):
        # Never queued: it would be sent again without asking.
        old = now - message.created_at > MAX_AGE
        return (
            _give_up(f"fate unknown: {outcome.reason}") if old else _ask_again(message, outcome.reason, now)
        )
    if now - _begun(message) < patience.grace:
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


def is_quiet(hour: int, quiet: tuple[int, int]) -> bool:
    """Whether nobody is to be woken at this hour (0–23, China); from and to like (22, 7), equal for never."""
    begin, end = quiet
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


def _retry(message: Message, reason: str, now: dt.datetime) -> Step:
    return Step(State.QUEUED, now + retry_delay(message.tries), reason)


def _ask_again(message: Message, reason: str, now: dt.datetime) -> Step:
    """The older the doubt, the longer the pause."""
    pause = min(max(LOOK_AGAIN, (now - _begun(message)) / 4), LONGEST_RETRY)
    return Step(State.SENDING, now + pause, reason)


def _after_report(
    message: Message, report: Found, now: dt.datetime, patience: Patience, others: bool
) -> Step:
    """Sent again once, by another provider, and only because this one says that it did not arrive."""
    if report.delivered:
        return Step(State.DELIVERED, serial=report.serial)
    if not report.failure:
        return _await_receipt(message, "", now, patience, report.serial)
    if report.hopeless or message.resends or not others:
        return Step(State.UNDELIVERED, reason=report.failure, serial=report.serial)
    return Step(State.QUEUED, now, report.failure, report.serial, avoid=True, resend=True)


def _after_refusal(message: Message, refusal: Rejected, now: dt.datetime, others: bool) -> Step:
    if refusal.remedy is Remedy.GIVE_UP or _hopeless(message, now):
        return _give_up(refusal.reason)
    if refusal.remedy is Remedy.SWITCH and others:
        return Step(State.QUEUED, now, refusal.reason, avoid=True)
    return _retry(message, refusal.reason, now)


def _await_receipt(
    message: Message, reason: str, now: dt.datetime, patience: Patience, serial: str = ""
) -> Step:
    if now - message.created_at > MAX_AGE:
        return Step(State.UNDELIVERED, reason="fate unknown: no receipt came", serial=serial)
    pause = max(patience.receipt, (now - _begun(message)) / 2)
    return Step(State.SENT, now + min(pause, LONGEST_RETRY), reason, serial)


def _give_up(reason: str) -> Step:
    return Step(State.UNDELIVERED, reason=reason)


def _hopeless(message: Message, now: dt.datetime) -> bool:
    return message.tries >= MAX_ATTEMPTS or now - message.created_at > MAX_AGE


def _begun(message: Message) -> dt.datetime:
    return message.tried_at or message.created_at
