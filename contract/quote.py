"""The quote: what contribution confirmed and payment charges, sealed so that nobody between can alter it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.insurance import InsuranceType, PayerKind
from contract.people import Person


@dataclass(frozen=True)
class Quote:
    """A confirmed payable. `amount` in fen, computed from the upstream's answer (design.md §5 rule 6)."""

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
    year: int
    tier_label: str
    amount: int
    expires_at: dt.datetime
