"""Rules of notify: what is told, to whom, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contract.payment import Contribution
from contract.refunds import PaymentReturned
from services.notify.templates import LONGEST, Catalogue, Kind

CLOSED_BY_PAYER: Final = "closed_by_payer"
"""The payer closed the order: they know, and are told nothing."""

_OPEN_TEXTS = ("advice", "reason", "agency")
"""Variables other systems write freely: shortened, in this order, when a text is longer than providers take."""


@dataclass(frozen=True)
class Audience:
    """Who is told. `payer_id` is who may see it, where the event is our own and says so."""

    payer_phone: str | None = field(repr=False)
    insured_phone: str | None = field(default=None, repr=False)
    payer_id: str | None = None

    @property
    def phones(self) -> tuple[str, ...]:
        """The payer's and, if another one, the insured's; those that were given."""
        phones = (self.payer_phone, self.insured_phone)
        return tuple(dict.fromkeys(normal for phone in phones if (normal := _plain(phone))))

    def is_payers(self, phone: str) -> bool:
        """Whether one of the phones is the payer's."""
        return phone == _plain(self.payer_phone)


@dataclass(frozen=True)
class Reminder:
    """What one phone is to be told: `about` is the occasion, of which each kind is told once. `unwanted`: kept to be
    seen, and not sent."""

    about: str
    kind: Kind
    phone: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    segments: int
    payer_id: str | None = None
    to_payer: bool = False
    unwanted: bool = False


def audience(paid: Contribution | PaymentReturned, foreign: bool) -> Audience:
    """Whom an event is for; other systems cannot say who one of our payers is."""
    insured_phone = paid.insured_phone if isinstance(paid, Contribution) else None
    return Audience(paid.payer_phone, insured_phone, None if foreign else paid.payer_id)


def reminders(
    about: str, kind: Kind, to: Audience, variables: Mapping[str, str], catalogue: Catalogue
) -> list[Reminder]:
    """The same for each phone of an audience."""
    said = fitted(catalogue, kind, variables)
    segments = catalogue.segments(kind, said)
    return [
        Reminder(about, kind, phone, said, segments, to.payer_id, to.is_payers(phone)) for phone in to.phones
    ]


def fitted(catalogue: Catalogue, kind: Kind, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables whose text is no longer than providers take; what others wrote is shortened first."""
    kept = dict(variables)
    for name in _OPEN_TEXTS:
        excess = catalogue.length(kind, kept) - LONGEST
        if excess > 0 and name in kept:
            kept[name] = kept[name][: max(0, len(kept[name]) - excess - 1)] + "…"
    return kept


def within_cap(wanted: Sequence[Reminder], had: Mapping[str, int], cap: int) -> list[Reminder]:
    """Reminders of which those are unwanted whose phone has had as many as it may; `had`: how many, by phone."""
    given = Counter(had)
    decided = []
    for reminder in wanted:
        decided.append(replace(reminder, unwanted=given[reminder.phone] >= cap))
        given[reminder.phone] += 1
    return decided


def _plain(phone: str | None) -> str:
    return (phone or "").strip().removeprefix("+86")
