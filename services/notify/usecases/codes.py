"""Codes (3.2.1.2): sent now or not at all. They take their place in a provider's rate before any reminder."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from contract.notify import CodeSent, SendCode, SmsNotAccepted
from kit.clock import Clock
from kit.database import Transactions
from services.notify.domain import messages as domain
from services.notify.domain import routing
from services.notify.domain.kept import Begun
from services.notify.domain.messages import CodeState, Outcome, Remedy, Sms
from services.notify.templates import Kind
from services.notify.usecases.channels import Channels
from services.notify.usecases.ports import Storage
from services.notify.usecases.reminders import hand_over, look_up

KEEP_CODES = dt.timedelta(days=1)
LONGEST_WAIT = 1.5
"""Seconds a code may wait for other codes; then the person had better ask again than be kept before a page."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """What sending a code needs. `pause` waits some seconds."""

    transactions: Transactions
    storage: Storage
    channels: Channels
    clock: Clock
    pause: Callable[[float], None]


@dataclass(frozen=True)
class _Place:
    provider: str
    wait: float


def send_code(request: SendCode, desk: Desk) -> CodeSent:
    """Send a code now or not at all; a repeat of the same reference never sends again. Raises SmsNotAccepted."""
    storage, clock = desk.storage, desk.clock
    now = clock.now()
    with desk.transactions.transaction() as tx:
        earlier = storage.begin_code(tx, request.reference, request.phone, now)
        place = _take_place(tx, request, desk, 1, (), now) if earlier is None else None
    if earlier is CodeState.REFUSED:
        raise SmsNotAccepted
    if earlier is CodeState.SENT:
        return CodeSent(request.reference)
    number, outcome = _try_all(request, desk, place) if earlier is None else _find_again(request, desk)
    sent = isinstance(outcome, domain.Accepted | domain.Found) and not getattr(outcome, "failure", "")
    now = clock.now()
    with desk.transactions.transaction() as tx:
        storage.end_code(
            tx, request.reference, CodeState.SENT if sent else CodeState.REFUSED, getattr(outcome, "serial", ""),
            getattr(outcome, "reason", ""), now,
        )  # fmt: skip
        storage.end_attempt(tx, request.reference, number, outcome, now)
    if not sent:
        _log.warning("a code was not sent", extra={"reason": getattr(outcome, "reason", "not found")})
        raise SmsNotAccepted
    return CodeSent(request.reference)


def forget(transactions: Transactions, storage: Storage, clock: Clock) -> None:
    """Delete what means nothing any more: records of codes, and receipts whose word is with the sends."""
    now = clock.now()
    with transactions.transaction() as tx:
        storage.forget_codes(tx, now - KEEP_CODES)
        storage.forget_receipts(tx, now - domain.MAX_AGE)


def _try_all(request: SendCode, desk: Desk, place: _Place | None) -> tuple[int, Outcome]:
    """One provider after the other, as long as each says clearly that it will not; which send was the last, from 1."""
    tried: list[str] = []
    outcome: Outcome = domain.Rejected("no provider has room for it", Remedy.RETRY)
    while place is not None:
        desk.pause(place.wait)
        tried.append(place.provider)
        outcome = _send(request, desk, place.provider, len(tried))
        if not isinstance(outcome, domain.Rejected) or outcome.remedy is Remedy.GIVE_UP:
            break
        now = desk.clock.now()
        with desk.transactions.transaction() as tx:
            desk.storage.end_attempt(tx, request.reference, len(tried), outcome, now)
            place = _take_place(tx, request, desk, len(tried) + 1, tried, now)
    return len(tried), outcome


def _send(request: SendCode, desk: Desk, provider: str, number: int) -> Outcome:
    """A send that got no answer is looked up, once: a late code is worthless, and the person can ask for another."""
    asked_at = desk.clock.now()
    sms = Sms(request.reference, Kind.LOGIN_CODE, request.phone, _variables(request))
    outcome = hand_over(sms, provider, desk.channels, desk.clock)
    if isinstance(outcome, domain.Unclear):
        with desk.transactions.transaction() as tx:
            desk.storage.end_attempt(tx, request.reference, number, outcome, desk.clock.now())
        outcome = look_up(sms, provider, asked_at, desk.channels, desk.clock)
    return outcome


def _find_again(request: SendCode, desk: Desk) -> tuple[int, Outcome]:
    """Its sending began before: it is only looked up, where it was sent last."""
    with desk.transactions.read() as tx:
        sends = desk.storage.attempts_of(tx, [request.reference]).get(request.reference, ())
    if not sends:
        return 0, domain.NotFound()
    sms = Sms(request.reference, Kind.LOGIN_CODE, request.phone, {})
    return len(sends), look_up(sms, sends[-1].provider, sends[-1].begun_at, desk.channels, desk.clock)


def _take_place(
    tx: Any, request: SendCode, desk: Desk, number: int, without: Collection[str], now: dt.datetime
) -> _Place | None:
    """The next place in the rate of the provider with the best chance; None when all are too far away."""
    channels, storage = desk.channels, desk.storage
    standings = storage.standings(tx, channels.names, now)
    left = [p for p in channels.weighted if p.name not in without]
    weak = routing.too_weak_for_codes(left, standings)
    strong = [p for p in left if p.name not in weak]
    first = routing.choose(strong, standings, (), channels.draw())
    waits = {p.name: routing.first_free(p, standings[p.name], now) - now.timestamp() for p in strong}
    free = sorted(strong, key=lambda p: (max(0.0, waits[p.name]), p is not first))
    for provider in free:
        wait = storage.take_places(tx, provider, 1, now, LONGEST_WAIT)
        if wait is not None:
            segments = channels.catalogue.segments(Kind.LOGIN_CODE, _variables(request))
            begun = Begun(request.reference, number, Kind.LOGIN_CODE, provider.name, segments)
            storage.begin_attempts(tx, [begun], now)
            return _Place(provider.name, wait)
    return None


def _variables(request: SendCode) -> dict[str, str]:
    return {"code": request.code, "minutes": str(request.valid_minutes)}
