"""The steps of a journey."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import DocumentType
from contract.places import Place
from contract.quote import QuoteLine


@dataclass(frozen=True)
class InsuredWanted:
    """Somebody else to pay for: a `pick_id` of GET /insured, or typed. `phone`, which gets the reminder too, and
    `place` are optional."""

    pick_id: str = ""
    document_type: DocumentType = DocumentType.RESIDENT_ID
    document_number: str = ""
    name: str = ""
    phone: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class EnrolmentWanted:
    """Whose enrolment: the payer's own where `insured` is left out."""

    insured: InsuredWanted | None = None


@dataclass(frozen=True)
class EnrolmentChoice:
    """One 参保信息: `years` that can be paid for."""

    entry_id: str
    insurance_type: InsuranceType
    agency_code: str
    agency_name: str
    person_number: str
    years: tuple[int, ...]


@dataclass(frozen=True)
class EnrolmentFound:
    """The insured's enrolment, kept in a journey. `status` is `found`, or `asking` while the question goes on: then
    `ahead` is how many go before it, null when it is being answered, and after `retry_after` seconds (also the header
    Retry-After) GET /enrolments/{journey_id} tells more. `as_of` is set where the social insurance system did not
    answer and this is what it said then."""

    journey_id: str
    status: str
    insured_name: str
    insured_number: str
    payer_kind: PayerKind | None
    entries: tuple[EnrolmentChoice, ...]
    as_of: dt.datetime | None = None
    ahead: int | None = None
    retry_after: int | None = None


@dataclass(frozen=True)
class QuoteWanted:
    """`tier_code` is empty where there are no tiers; `agency_code` answers agency_choice_needed."""

    journey_id: str
    entry_id: str
    year: int
    tier_code: str = ""
    agency_code: str = ""


@dataclass(frozen=True)
class BackPaymentWanted:
    """`agency_code` answers agency_choice_needed."""

    journey_id: str
    agency_code: str = ""


@dataclass(frozen=True)
class QuoteGiven:
    """Send `quote`, which is opaque, with the order. `lines` has one line for 正常缴费, and for 补缴 one for every year
    that is missing, oldest first: all are paid or none. Amounts in fen; the sealed quote counts, not this copy."""

    quote: str
    insurance_type: InsuranceType
    agency_name: str
    kind: PaymentKind
    lines: tuple[QuoteLine, ...]
    amount: int
    expires_in: int
