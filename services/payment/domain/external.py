"""What other tax systems say was paid, failed or refunded; pure rules (docs/adr/0019).

Their events come in any order, twice, under other ids, and may contradict each other. For each line (an order's
insured, insurance type and year) one word counts: the heaviest, and among equally heavy ones the latest. That is a
total order, so the same words leave the same line however they arrive.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass

from contract.events import Envelope, UnfitEvent
from contract.external import ExternalContribution
from contract.insurance import Channel, InsuranceType
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.places import Place
from contract.refunds import PaymentRefunded
from kit.masking import mask_name, mask_number

ExternalEvent = PaymentSucceeded | PaymentFailed | PaymentRefunded


class ExternalState(enum.StrEnum):
    """What a line is: failed · paid · refunded. Money that was taken outweighs that it was not; that it went back
    outweighs both."""

    FAILED = "failed"
    PAID = "paid"
    REFUNDED = "refunded"

    @property
    def weight(self) -> int:
        return ("failed", "paid", "refunded").index(self.value)


@dataclass(frozen=True)
class ExternalLine:
    """One insured, insurance type and year of another system's order, as the word that counts tells it.

    `at` is when it was paid, or failed where it was not; `amount` in fen; name and number are masked, once more where
    the publisher did. `said_at` and
    `event_key` are the event's. The keys are the publisher's.
    """

    source: str
    order_id: str
    social_number: str
    insurance_type: InsuranceType
    year: int
    insured_key: str
    operator_key: str | None
    insured_number: str
    insured_name: str
    agency_code: str
    agency_name: str
    place: Place | None
    amount: int
    channel: Channel
    state: ExternalState
    at: dt.datetime
    said_at: dt.datetime
    event_key: str

    @property
    def line_key(self) -> str:
        """What makes it this line and no other."""
        return "\0".join(
            (self.source, self.order_id, self.social_number, self.insurance_type.value, str(self.year))
        )

    @property
    def rank(self) -> Rank:
        return self.state.weight, self.said_at, self.event_key


Rank = tuple[int, dt.datetime, str]
"""How heavy a word is, when it was said, and what tells it from another of the same moment."""

_KEY = re.compile(r"[0-9a-f]{64}")
_YEARS = range(1990, 2100)
_MOST = 10_000_000_00
"""Fen: more is nobody's contribution."""
_LONGEST = {
    "insured_name": 50,
    "insured_number": 40,
    "social_number": 40,
    "agency_code": 20,
    "agency_name": 100,
}
_LONGEST_ORDER, _LONGEST_LEVEL = 64, 60


def lines_of(event: ExternalEvent, envelope: Envelope) -> list[ExternalLine]:
    """What an event says of each of its years, in their order. Raises UnfitEvent, which names the field and never
    repeats a value."""
    paid = event.contribution
    elsewhere = _checked(event, envelope)
    amounts = elsewhere.amounts or (paid.amount,)
    state, at = _word_of(event)
    return [
        ExternalLine(
            source=envelope.source, order_id=event.order_id, social_number=paid.social_number,
            insurance_type=paid.insurance_type, year=year, insured_key=elsewhere.insured_key,
            operator_key=elsewhere.operator_key, insured_number=mask_number(paid.insured_number),
            insured_name=mask_name(paid.insured_name),
            agency_code=paid.agency_code, agency_name=paid.agency_name, place=elsewhere.place, amount=amount,
            channel=paid.channel, state=state, at=at, said_at=envelope.time, event_key=envelope.key,
        )
        for year, amount in sorted(zip(paid.years, amounts, strict=True))
    ]  # fmt: skip


def _word_of(event: ExternalEvent) -> tuple[ExternalState, dt.datetime]:
    if isinstance(event, PaymentSucceeded):
        return ExternalState.PAID, event.paid_at
    if isinstance(event, PaymentRefunded):
        return ExternalState.REFUNDED, event.paid_at
    return ExternalState.FAILED, event.failed_at


def _checked(event: ExternalEvent, envelope: Envelope) -> ExternalContribution:
    """What the schema cannot say."""
    paid = event.contribution
    elsewhere = paid.external
    if elsewhere is None:
        raise UnfitEvent("contribution.external is missing")
    keys = [key for key in (elsewhere.insured_key, elsewhere.operator_key) if key is not None]
    if not all(map(_KEY.fullmatch, keys)):
        raise UnfitEvent("contribution.external: a key is not 64 hex digits")
    if envelope.subject != event.order_id or not _fits(event.order_id, _LONGEST_ORDER):
        raise UnfitEvent("subject is not the order_id, or it is empty or too long")
    wrong = [name for name, longest in _LONGEST.items() if not _fits(getattr(paid, name), longest)]
    if wrong:
        raise UnfitEvent(f"contribution: empty, too long or unprintable: {', '.join(wrong)}")
    if any(
        level.name and not _fits(level.name, _LONGEST_LEVEL) for level in (elsewhere.place or Place()).levels
    ):
        raise UnfitEvent("contribution.external.place: a name is too long or unprintable")
    if paid.channel is Channel.WECHAT_ACCOUNT:
        raise UnfitEvent("contribution.channel is ours")
    _check_years(paid, elsewhere)
    return elsewhere


def _check_years(paid: Contribution, elsewhere: ExternalContribution) -> None:
    years, amounts = paid.years, elsewhere.amounts or (paid.amount,)
    if not years or len(set(years)) < len(years) or not all(year in _YEARS for year in years):
        raise UnfitEvent("contribution.years: none, twice the same, or none of our time")
    if len(amounts) != len(years):
        raise UnfitEvent("contribution.external.amounts: one for each year is needed")
    if sum(amounts) != paid.amount or not all(0 < amount <= _MOST for amount in amounts):
        raise UnfitEvent("contribution.external.amounts: not more than nothing, or not the amount together")


def _fits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()
