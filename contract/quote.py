"""The quote: what contribution confirmed and payment charges, sealed so that nobody between can alter it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import Person


@dataclass(frozen=True)
class QuoteLine:
    """One contribution year; `amount` in fen, computed from the upstream's answer (design.md §5 rule 6)."""

    year: int
    tier_label: str
    amount: int


@dataclass(frozen=True)
class Quote:
    """A confirmed payable of one insured and one insurance type. 正常缴费 has one line, 补缴 one for every year that is
    missing: all of them or none (3.2.1.6)."""

    quote_id: str
    insured: Person
    registration_number: str
    payer_kind: PayerKind
    insurance_type: InsuranceType
    agency_code: str
    agency_name: str
    person_number: str
    authority_code: str
    division_code: str
    product_code: str
    kind: PaymentKind
    lines: tuple[QuoteLine, ...]
    expires_at: dt.datetime

    @property
    def amount(self) -> int:
        """The sum of all lines, in fen."""
        return sum(line.amount for line in self.lines)
