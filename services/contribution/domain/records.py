"""What the tax core has of a person, merged with what was paid through us and is not there yet (3.2.1.8)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from contract.insurance import Channel, InsuranceType
from contract.paid import PaidContribution
from contract.records import ContributionRecord, InvalidPeriod, PaidRecord, RecordState

_MONTH = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")
_CHANNELS = frozenset(channel.label for channel in Channel)


@dataclass(frozen=True, kw_only=True)
class CoreRecord:
    """One 缴费记录 of the tax core.

    `record_id` is its SBUUID, by which a declaration is voided; `amount` in fen; periods (所属期) are yyyyMM;
    `paid_at` is set where it is paid; `receipt_number` is 电子税票号码,
    `authority_code` 征收税务机关.
    """

    record_id: str
    insurance_type: InsuranceType
    agency_code: str
    agency_name: str
    person_number: str
    period_from: str
    period_to: str
    amount: int
    state: RecordState
    declared_on: dt.date
    paid_at: dt.datetime | None = None
    channel: str = ""
    receipt_number: str = ""
    authority_code: str = ""


def check_period(period_from: str, period_to: str) -> None:
    """Raises InvalidPeriod unless both are months and the first is not after the last."""
    for field, month in (("period_from", period_from), ("period_to", period_to)):
        if not _MONTH.fullmatch(month):
            raise InvalidPeriod(field=field)
    if period_from > period_to:
        raise InvalidPeriod(field="period_to")


def merge(core: Sequence[CoreRecord], own: Sequence[PaidContribution]) -> tuple[ContributionRecord, ...]:
    """Everything once, newest 所属期 first: the core's records, and our own payments that none of them is.

    A record answers for one payment at most, so that what was paid twice stays visible twice. A payment takes the
    place of the declaration it paid for. A voided declaration is no contribution.
    """
    records = [record for record in core if record.state is not RecordState.VOIDED]
    told = _told_by_core(own, records)
    paid_for = {record for record in told.values() if records[record].state is not RecordState.PAID}
    posted = {payment for payment, record in told.items() if record not in paid_for}
    posting = [_posting(payment) for number, payment in enumerate(own) if number not in posted]
    shown = [_shown(record) for number, record in enumerate(records) if number not in paid_for]
    return tuple(sorted([*posting, *shown], key=_newest, reverse=True))


def paid(core: Sequence[CoreRecord]) -> tuple[PaidRecord, ...]:
    """What a certificate may say: paid and in the core, newest 所属期 first."""
    found = [record for record in core if record.state is RecordState.PAID]
    shown = [PaidRecord(_shown(record), record.authority_code) for record in found]
    return tuple(sorted(shown, key=lambda one: _newest(one.record), reverse=True))


def _told_by_core(own: Sequence[PaidContribution], records: Sequence[CoreRecord]) -> dict[int, int]:
    """Which record is which payment, by their places: as many paid records as can be, then declarations.

    A payment that could be several records makes way for one that can be fewer (augmenting paths), so that the answer
    does not depend on the order the two came in.
    """
    taken: dict[int, int] = {}

    def place(payment: int, among: Sequence[int], tried: set[int]) -> bool:
        for record in among:
            if record in tried or not _may_be(records[record], own[payment]):
                continue
            tried.add(record)
            if record not in taken or place(taken[record], among, tried):
                taken[record] = payment
                return True
        return False

    everything = sorted(range(len(records)), key=lambda record: records[record].state is not RecordState.PAID)
    paid = [record for record in everything if records[record].state is RecordState.PAID]
    for among in (paid, everything):
        for payment in sorted(range(len(own)), key=lambda payment: own[payment].paid_at):
            if payment not in taken.values():
                place(payment, among, set())
    return {payment: record for record, payment in taken.items()}


def _may_be(record: CoreRecord, payment: PaidContribution) -> bool:
    """Same insurance type, year, person number (or agency, where one is missing) and amount; and where it is paid, not
    on a day before ours and not through a channel that is known to be another."""
    if (record.insurance_type, record.amount) != (payment.insurance_type, payment.amount):
        return False
    if not int(record.period_from[:4]) <= payment.year <= int(record.period_to[:4]):
        return False
    numbers = record.person_number, payment.social_number
    if numbers[0] != numbers[1] if all(numbers) else record.agency_code != payment.agency_code:
        return False
    if record.paid_at is None:
        return True
    if record.channel in _CHANNELS - {payment.channel.label}:
        return False
    return record.paid_at.date() >= payment.paid_at.astimezone(record.paid_at.tzinfo).date()


def _shown(record: CoreRecord) -> ContributionRecord:
    return ContributionRecord(
        record.insurance_type, record.period_from, record.period_to, record.amount, record.agency_name,
        record.person_number, record.state, record.channel, record.paid_at, record.receipt_number,
    )  # fmt: skip


def _posting(payment: PaidContribution) -> ContributionRecord:
    return ContributionRecord(
        payment.insurance_type, f"{payment.year}01", f"{payment.year}12", payment.amount, payment.agency_name,
        payment.social_number, RecordState.POSTING, payment.channel.label, payment.paid_at, "",
    )  # fmt: skip


def _newest(record: ContributionRecord) -> tuple[str, str, float]:
    return record.period_to, record.period_from, record.paid_at.timestamp() if record.paid_at else 0
