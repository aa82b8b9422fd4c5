"""What the notify service does with reminders (requirement 3.2.1.12; design.md §5–6; docs/adr/0020).

A reminder is a row before it is a message. A sender claims it and notes the try in one transaction, calls the provider
in none, and records the answer in another. Whoever dies in between leaves a row in `sending` whose lease ends: the next
sender asks that provider for it by its id before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kit.clock import Clock, china
from kit.database import Transactions
from services.notify.adapters.base import Ambiguous
from services.notify.domain import messages as domain
from services.notify.domain import routing
from services.notify.domain.kept import Begun
from services.notify.domain.messages import WECHAT, Message, Outcome, Patience, Sms, State, Step
from services.notify.templates import Catalogue
from services.notify.usecases.channels import Channels
from services.notify.usecases.ports import Storage

FORGOTTEN_AT_ONCE = 5000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """What a sender has in hand. `held_back`: more is due, and the providers' rates allow it in a moment."""

    messages: Sequence[Message]
    held_back: bool = False


def claim(
    transactions: Transactions, storage: Storage, channels: Channels, clock: Clock, limit: int,
    quiet: tuple[int, int] = (0, 0),
) -> Claimed:  # fmt: skip
    """Messages that are due, now this sender's for the length of a lease: at most half of them are asked about, the
    rest sent. In quiet hours nothing is sent."""
    now = clock.now()
    with transactions.transaction() as tx:
        doubts = storage.claim_doubts(tx, max(1, limit // 2), now)
    wanted = limit - len(doubts)
    if domain.is_quiet(china(now).hour, quiet) or not wanted:
        return Claimed(doubts)
    try:
        with transactions.transaction() as tx:
            begun, held_back = _begin(tx, storage, channels, wanted, now)
    except _Overtaken:
        return Claimed(doubts, held_back=True)
    return Claimed([*doubts, *begun], held_back)


def deliver(
    message: Message, transactions: Transactions, storage: Storage, channels: Channels, clock: Clock,
    patience: Patience,
) -> Step | None:  # fmt: skip
    """Bring a claimed message one step on; None when the claim was too old to act on."""
    if message.doubtful:
        outcome = look_up(
            message.sms, message.provider, message.tried_at or message.created_at, channels, clock
        )
    elif domain.may_still_send(message, clock.now()):
        outcome = hand_over(message.sms, message.provider, channels, clock)
    else:
        return None
    now = clock.now()
    step = domain.next_step(message, outcome, now, patience, channels.has_others(message))
    with transactions.transaction() as tx:
        recorded = storage.record(tx, message, step, now)
        storage.end_attempt(tx, message.sms.message_id, message.tries, outcome, now)
        if isinstance(outcome, domain.Rejected) and outcome.unwished:
            storage.drop_wechat_of(tx, message.sms.message_id)
        if step.state is State.SENT and step.serial:
            early = storage.receipt_of(tx, message.provider, step.serial)
            if early is not None:
                settle(tx, message.provider, early, storage, channels, now, patience)
    _say(message, step, recorded)
    return step


def settle(
    tx: Any, provider: str, report: domain.Found, storage: Storage, channels: Channels, now: dt.datetime,
    patience: Patience,
) -> None:  # fmt: skip
    """A carrier's report reaches the send it is about, and the reminder if that has not moved on."""
    whose = storage.find_attempt(tx, provider, report.serial)
    if whose is None:
        return
    message = storage.find_sent(tx, *whose)
    storage.settle_attempt(tx, *whose, report, now)
    if message is None:
        return
    step = domain.next_step(message, report, now, patience, channels.has_others(message))
    _say(message, step, storage.record(tx, message, step, now))


def hand_over(sms: Sms, provider: str, channels: Channels, clock: Clock) -> Outcome:
    """Send once."""
    adapter = channels.adapters.get(provider)
    if adapter is None:
        return domain.Rejected("this provider is not configured", domain.Remedy.SWITCH)
    try:
        return adapter.send(sms, clock.now())
    except Ambiguous as error:
        return domain.Unclear(str(error))


def look_up(sms: Sms, provider: str, since: dt.datetime, channels: Channels, clock: Clock) -> Outcome:
    """Ask what became of a send."""
    adapter = channels.adapters.get(provider)
    if adapter is None:
        return domain.Unclear("its provider is not configured any more")
    try:
        return adapter.find(sms.message_id, sms.phone, since, clock.now())
    except Ambiguous as error:
        return domain.Unclear(str(error))


def _begin(
    tx: Any, storage: Storage, channels: Channels, wanted: int, now: dt.datetime
) -> tuple[list[Message], bool]:
    """Messages whose next try begins, and whether more could begin in a moment. Their places in the providers' rates,
    which are rows all replicas share, are taken last. Raises _Overtaken, for the caller to roll back, when another
    replica took them meanwhile."""
    standings = storage.standings(tx, channels.names, now)
    rooms = {p.name: routing.room(p, standings[p.name], now) for p in channels.weighted}
    allowed = min(wanted, sum(room for room in rooms.values() if room > 0))
    queued = storage.take_queued(tx, allowed, now) if allowed else []
    begun = []
    for message in queued:
        name = WECHAT if channels.in_wechat(message) else _chosen(message, channels, standings, rooms)
        if name is not None:
            rooms[name] = rooms.get(name, 0) - 1
            begun.append(replace(message, provider=name))
    storage.begin(tx, begun, now)
    storage.begin_attempts(tx, [_attempt(message, channels.catalogue) for message in begun], now)
    for provider in channels.weighted:
        number = sum(message.provider == provider.name for message in begun)
        if number and storage.take_places(tx, provider, number, now) is None:
            raise _Overtaken
    return begun, len(queued) == allowed < wanted or len(begun) < len(queued)


class _Overtaken(Exception):
    """Another replica took the places."""


def _chosen(
    message: Message, channels: Channels, standings: dict[str, routing.Standing], rooms: dict[str, int]
) -> str | None:
    full = {name for name in channels.names if rooms[name] < 1}
    without = full | set(channels.excluded(message))
    provider = routing.choose(channels.weighted, standings, without, channels.draw())
    return provider.name if provider else None


def _attempt(message: Message, texts: Catalogue) -> Begun:
    sms = message.sms
    segments = 0 if message.provider == WECHAT else texts.segments(sms.kind, sms.variables)
    return Begun(sms.message_id, message.tries, sms.kind, message.provider, segments)


def _say(message: Message, step: Step, recorded: bool) -> None:
    said = {
        "message_id": message.sms.message_id, "kind": message.sms.kind.value, "tries": message.tries,
        "provider": message.provider, "state": step.state.value, "reason": step.reason,
    }  # fmt: skip
    if not recorded:
        _log.warning("a later claim has overtaken this one", extra=said)
    elif step.state is State.UNDELIVERED:
        _log.error("a reminder was not delivered", extra=said)
    elif step.reason:
        _log.warning("a reminder is not delivered yet", extra=said)


def forget_old(transactions: Transactions, storage: Storage, before: dt.datetime) -> int:
    """Forget reminders and sends of before a moment, a batch at a time; returns how many rows."""
    forgotten = 0
    for forget in (storage.forget_messages, storage.forget_attempts):
        gone = FORGOTTEN_AT_ONCE
        while gone == FORGOTTEN_AT_ONCE:
            with transactions.transaction() as tx:
                gone = forget(tx, before, FORGOTTEN_AT_ONCE)
            forgotten += gone
    return forgotten
