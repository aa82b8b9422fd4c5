"""What is to be told of an event: reminders are queued in the transaction that takes it (requirement 3.2.1.12)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from contract.events import Envelope
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned
from kit.clock import Clock
from kit.crypto import blind_index
from services.notify import wording
from services.notify.domain import telling as domain
from services.notify.domain.telling import Reminder, audience, reminders
from services.notify.templates import Catalogue, Kind
from services.notify.usecases.ports import Storage

_DAY = dt.timedelta(days=1)
_log = logging.getLogger(__name__)

Event = TypeVar("Event")
Paid = TypeVar("Paid", PaymentSucceeded, PaymentFailed, PaymentRefunded)
Heard = tuple[Event, Envelope]


@dataclass(frozen=True)
class Teller:
    """What queueing reminders needs: `cap` is how many a phone may have in a day."""

    storage: Storage
    catalogue: Catalogue
    cap: int
    clock: Clock


def occasion(source: str, order_id: str, contribution: Contribution) -> str:
    """What a reminder is about. However often another system tells of it, and under whatever ids, it is one thing."""
    years = ",".join(map(str, sorted(contribution.years)))
    told = (source, order_id, contribution.social_number, contribution.insurance_type.value, years)
    return blind_index("messages.occasion", "\0".join(told)).hex()


def remind_of_success(tx: Any, heard: Sequence[Heard[PaymentSucceeded]], teller: Teller) -> int:
    """Queue the reminders of payments; returns how many are new."""
    say = wording.success_variables
    return _queue(tx, [_of_contribution(one, Kind.PAYMENT_SUCCEEDED, say, teller) for one in heard], teller)


def remind_of_failure(tx: Any, heard: Sequence[Heard[PaymentFailed]], teller: Teller) -> int:
    """Queue the reminders of payments that failed, unless the payer closed the order, or was told that it succeeded:
    nobody is told then that it failed. Returns how many are new."""
    news = [
        (event, envelope)
        for event, envelope in heard
        if event.reason_code != domain.CLOSED_BY_PAYER
        and not teller.storage.told(tx, _about(event, envelope), Kind.PAYMENT_SUCCEEDED)
    ]
    say = wording.failure_variables
    return _queue(tx, [_of_contribution(one, Kind.PAYMENT_FAILED, say, teller) for one in news], teller)


def remind_of_refund(tx: Any, heard: Sequence[Heard[PaymentRefunded]], teller: Teller) -> int:
    """Queue the reminders of refunds; returns how many are new."""
    say = wording.refund_variables
    return _queue(tx, [_of_contribution(one, Kind.PAYMENT_REFUNDED, say, teller) for one in heard], teller)


def remind_of_return(tx: Any, heard: Sequence[Heard[PaymentReturned]], teller: Teller) -> int:
    """Queue the reminders that wrongly held money went back, to its payer alone; returns how many are new."""
    told = [
        reminders(
            envelope.key, Kind.PAYMENT_RETURNED, audience(event, envelope.foreign), wording.return_variables(event),
            teller.catalogue,
        )
        for event, envelope in heard
    ]  # fmt: skip
    return _queue(tx, told, teller)


def _of_contribution(
    heard: Heard[Paid], kind: Kind, say: Callable[[Paid], Mapping[str, str]], teller: Teller
) -> list[Reminder]:
    event, envelope = heard
    to = audience(event.contribution, envelope.foreign)
    return reminders(_about(event, envelope), kind, to, say(event), teller.catalogue)


def _about(event: PaymentSucceeded | PaymentFailed | PaymentRefunded, envelope: Envelope) -> str:
    return occasion(envelope.source, event.order_id, event.contribution)


def _queue(tx: Any, told: Sequence[Sequence[Reminder]], teller: Teller) -> int:
    """Queue reminders; returns how many are new. Those over their phone's cap are kept to be seen, and not sent."""
    now = teller.clock.now()
    # One occasion may have been told twice, under two ids.
    wanted = list({(one.about, one.phone): one for one in chain.from_iterable(told)}.values())
    had = teller.storage.had(tx, {one.phone for one in wanted}, now - _DAY)
    decided = domain.within_cap(wanted, had, teller.cap)
    new = teller.storage.add(tx, decided, teller.catalogue.version, now)
    for reminder in new:
        if reminder.unwanted:
            _log.error(
                "a reminder was not sent: the phone has had too many today",
                extra={"kind": reminder.kind.value, "about": reminder.about},
            )
    return len(new)
