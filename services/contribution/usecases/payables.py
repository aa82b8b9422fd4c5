"""One function per business action of contribution."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract import schema
from contract.contribution import (
    AllPaid,
    AlreadyDeclared,
    Enrolment,
    EnrolmentEntry,
    ListTiers,
    QuoteBackPayment,
    Quoted,
    QuotePayable,
    Tier,
    TierAmountDiffers,
    Tiers,
    TierUnknown,
    UpstreamUnavailable,
)
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import Person
from contract.quote import Quote, QuoteLine
from kit.clock import Clock, china
from kit.crypto import KeyRing
from services.contribution.adapters.base import TaxBank
from services.contribution.domain.payables import (
    Payable,
    check_year,
    choose_arrears,
    choose_payable,
    choose_tier,
    covers_both_years,
    entry_charged,
    lines_of,
    other_medical_year,
    pension_asked,
    pooling_levels,
)
from services.contribution.domain.tables import InForce

_log = logging.getLogger(__name__)


class TierStorage(Protocol):
    """Where the authorities' tables are."""

    def find(
        self, connection: Any, pooling_codes: Sequence[str], payer_kind: PayerKind,
        insurance_type: InsuranceType, year: int,
    ) -> InForce | None: ...  # fmt: skip


@dataclass(frozen=True)
class Sealer:
    """Makes quotes nobody else can make; `valid_for` in seconds."""

    seal: KeyRing
    clock: Clock
    valid_for: int

    def quote(
        self, insured: Person, enrolment: Enrolment, entry: EnrolmentEntry, kind: PaymentKind,
        lines: tuple[QuoteLine, ...],
    ) -> Quoted:  # fmt: skip
        """A quote of these lines, sealed, and what it says."""
        quote = Quote(
            quote_id=str(uuid.uuid4()), insured=insured, registration_number=enrolment.registration_number,
            payer_kind=enrolment.payer_kind, insurance_type=entry.insurance_type,
            agency_code=entry.agency_code, agency_name=entry.agency_name, person_number=entry.person_number,
            authority_code=entry.authority_code, division_code=entry.division_code,
            product_code=entry.product_code, kind=kind, lines=lines,
            expires_at=self.clock.now() + dt.timedelta(seconds=self.valid_for),
        )  # fmt: skip
        sealed = self.seal.seal_text(json.dumps(schema.dump(quote), ensure_ascii=False), "quote")
        return Quoted(sealed, entry, kind, lines, quote.amount, self.valid_for)


def list_tiers(request: ListTiers, connection: Any, storage: TierStorage) -> Tiers:
    """The table of the payer's own pooling level (3.2.1.9)."""
    levels = pooling_levels(request.division_code)
    found = storage.find(connection, levels, request.payer_kind, request.insurance_type, request.year)
    return found.table if found else Tiers(())


def quote_payable(request: QuotePayable, tiers: Sequence[Tier], taxbank: TaxBank, sealer: Sealer) -> Quoted:
    """Ask what is payable and seal it; the amount is the upstream's, never the client's (design.md §5 rule 6), and
    where the authority has a table it must be the table's as well.

    `tiers` are those of the entry's pooling level. Raises the errors of contract.contribution.quote_payable.
    """
    person, enrolment, entry = request.person, request.enrolment, _entry(request)
    today = china(sealer.clock.now()).date()
    check_year(entry.insurance_type, request.year, today)
    tier = choose_tier(tiers, request.tier_code)
    payable = _confirmed(request, entry, tier, taxbank, today)
    entry = entry_charged(enrolment.entries, entry, payable.agency_code)
    label = payable.tier_label or (tier.label if tier else "")
    line = QuoteLine(payable.year, label, payable.amount)
    return sealer.quote(person, enrolment, entry, PaymentKind.NORMAL, (line,))


def quote_back_payment(request: QuoteBackPayment, taxbank: TaxBank, sealer: Sealer) -> Quoted:
    """Ask for all years of the pension that are unpaid and seal them as one: all are paid or none (3.2.1.6).

    Raises the errors of contract.contribution.quote_back_payment; without a pension nothing is asked.
    """
    person, enrolment = request.person, request.enrolment
    entry = pension_asked(enrolment.entries, request.agency_code)
    payables = taxbank.find_payables(person, enrolment.payer_kind, entry, year=None)
    arrears = choose_arrears(payables, request.agency_code)
    entry = entry_charged(enrolment.entries, entry, arrears[0].agency_code)
    return sealer.quote(person, enrolment, entry, PaymentKind.BACK, lines_of(arrears))


def tiers_asked(request: QuotePayable) -> ListTiers:
    """Which tiers a quote may choose from."""
    entry = _entry(request)
    return ListTiers(request.enrolment.payer_kind, entry.insurance_type, entry.division_code, request.year)


def _entry(request: QuotePayable) -> EnrolmentEntry:
    for entry in request.enrolment.entries:
        if entry.entry_id == request.entry_id:
            return entry
    raise TierUnknown("请选择缴费险种...", field="entry_id")


def _confirmed(
    request: QuotePayable, entry: EnrolmentEntry, tier: Tier | None, taxbank: TaxBank, today: dt.date
) -> Payable:
    """The payable that upstream and table agree on. What they differ about is for the authority to mend."""
    payables = taxbank.find_payables(request.person, request.enrolment.payer_kind, entry, request.year)
    try:
        return choose_payable(payables, request.year, tier, request.agency_code, entry.insurance_type)
    except AlreadyDeclared:
        with contextlib.suppress(UpstreamUnavailable):  # what is known already is answer enough
            _refuse_if_both_years_paid(request, entry, taxbank, today)
        raise
    except TierAmountDiffers as error:
        _log.error(
            "the authority's amount is not the upstream's",
            extra={"division": entry.division_code, "insurance": entry.insurance_type.value, **error.detail},
        )
        raise


def _refuse_if_both_years_paid(
    request: QuotePayable, entry: EnrolmentEntry, taxbank: TaxBank, today: dt.date
) -> None:
    """One more question, only on the way to a refusal: is the other year paid as well (3.2.1.15(四)2)?"""
    if not covers_both_years(request.enrolment.payer_kind, entry.insurance_type):
        return
    other = other_medical_year(request.year, today)
    payables = taxbank.find_payables(request.person, request.enrolment.payer_kind, entry, other)
    if payables and all(payable.paid for payable in payables):
        raise AllPaid()
