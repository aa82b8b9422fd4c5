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

from contract.events import Envelope
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.clock import Clock, china
from kit.crypto import blind_index
from kit.database import Transactions
from services.notify import wording
from services.notify.adapters.base import Ambiguous
from services.notify.domain import messages as domain
from services.notify.domain import routing
from services.notify.domain.kept import Begun
from services.notify.domain.messages import WECHAT, Audience, Message, Outcome, Patience, Sms, State, Step
from services.notify.templates import Catalogue, Kind
from services.notify.usecases.channels import Channels
from services.notify.usecases.ports import Storage

_DAY = dt.timedelta(days=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teller:
    """What queueing reminders needs: `cap` is how many a phone may have in a day."""

    storage: Storage
    catalogue: Catalogue
    cap: int
    clock: Clock


@dataclass(frozen=True)
class Claimed:
    """What a sender has in hand. `held_back`: more is due, and the providers' rates allow it in a moment."""

    messages: Sequence[Message]
    held_back: bool = False


def occasion(source: str, order_id: str, contribution: Contribution) -> str:
    """What a reminder is about. However often another system tells of it, and under whatever ids, it is one thing."""
    years = ",".join(map(str, sorted(contribution.years)))
    told = (source, order_id, contribution.social_number, contribution.insurance_type.value, years)
    return blind_index("messages.occasion", "\0".join(told)).hex()


def remind_of_success(tx: Any, event: PaymentSucceeded, envelope: Envelope, teller: Teller) -> int:
    """Queue the reminders of a payment; returns how many are new."""
    about = occasion(envelope.source, event.order_id, event.contribution)
    to, variables = domain.audience(event.contribution, envelope.foreign), wording.success_variables(event)
    return _queue(tx, about, Kind.PAYMENT_SUCCEEDED, to, variables, teller)


def remind_of_failure(tx: Any, event: PaymentFailed, envelope: Envelope, teller: Teller) -> int:
    """Queue the reminders of a payment that failed, unless the payer closed it, or it was told to have succeeded:
    nobody is told then that it failed. Returns how many are new."""
    about = occasion(envelope.source, event.order_id, event.contribution)
    if event.reason_code == domain.CLOSED_BY_PAYER or teller.storage.told(tx, about, Kind.PAYMENT_SUCCEEDED):
        return 0
    to, variables = domain.audience(event.contribution, envelope.foreign), wording.failure_variables(event)
    return _queue(tx, about, Kind.PAYMENT_FAILED, to, variables, teller)


def remind_of_refund(tx: Any, event: PaymentRefunded, envelope: Envelope, teller: Teller) -> int:
    """Queue the reminders of a refund; returns how many are new."""
    about = occasion(envelope.source, event.order_id, event.contribution)
    to, variables = domain.audience(event.contribution, envelope.foreign), wording.refund_variables(event)
    return _queue(tx, about, Kind.PAYMENT_REFUNDED, to, variables, teller)


def remind_of_return(tx: Any, event: PaymentReturned, envelope: Envelope, teller: Teller) -> int:
    """Queue the reminder that wrongly held money went back, to its payer alone; returns how many are new."""
    to, variables = domain.audience(event, envelope.foreign), wording.return_variables(event)
    return _queue(tx, envelope.key, Kind.PAYMENT_RETURNED, to, variables, teller)


def _queue(tx: Any, about: str, kind: Kind, to: Audience, variables: dict[str, str], teller: Teller) -> int:
    """Queue a reminder for each phone; returns how many are new. Those over the phone's cap are kept to be seen, and
    not sent."""
    storage, texts, now = teller.storage, teller.catalogue, teller.clock.now()
    fitted = domain.fitted(texts, kind, variables)
    segments = texts.segments(kind, fitted)
    new = 0
    for phone in to.phones:
        state = storage.add(
            tx, about, kind, phone, fitted, texts.version, segments, now, since=now - _DAY, cap=teller.cap,
            payer_id=to.payer_id, to_payer=to.is_payers(phone),
        )  # fmt: skip
        if state is State.UNDELIVERED:
            _log.error(
                "a reminder was not sent: the phone has had too many today", extra={"kind": kind.value}
            )
        new += state is not None
    return new


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
