"""What the JSON API takes and gives beyond the contract's own payloads. Personal fields leave masked."""

from __future__ import annotations

from dataclasses import dataclass

from contract.insurance import InsuranceType, PayerKind


@dataclass(frozen=True)
class Empty:
    """No fields."""


@dataclass(frozen=True)
class WechatCode:
    """The code WeChat's web authorisation, or a mini program's login, gave the client."""

    code: str


@dataclass(frozen=True)
class SessionOpened:
    """Send `token` as `Authorization: Bearer <token>`. A payer's session names the payer, masked."""

    token: str
    idle_seconds: int
    consent_version: str
    payer_name: str = ""
    payer_number: str = ""


@dataclass(frozen=True)
class LoginCodeWanted:
    """The person as typed. `consent_version` says which privacy text the person agreed to."""

    name: str
    document_number: str
    phone: str
    consent_version: str


@dataclass(frozen=True)
class CodeOnItsWay:
    """Another code may be asked for after `resend_after` seconds; this one lives `valid_for` seconds. `notice`,
    when not empty, is shown."""

    resend_after: int
    valid_for: int
    notice: str


@dataclass(frozen=True)
class Login:
    """The person as typed when the code was asked for, and the code."""

    name: str
    document_number: str
    phone: str
    code: str


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
    """The payer's enrolment, kept in a journey. `status` is `asking` while another request asks for it."""

    journey_id: str
    status: str
    insured_name: str
    insured_number: str
    payer_kind: PayerKind | None
    entries: tuple[EnrolmentChoice, ...]


@dataclass(frozen=True)
class QuoteWanted:
    """`tier_code` is empty where there are no tiers; `agency_code` answers agency_choice_needed."""

    journey_id: str
    entry_id: str
    year: int
    tier_code: str = ""
    agency_code: str = ""


@dataclass(frozen=True)
class QuoteGiven:
    """Send `quote` with the order. `amount` in fen; the sealed quote counts, not this copy."""

    quote: str
    insurance_type: InsuranceType
    agency_name: str
    year: int
    tier_label: str
    amount: int
    expires_in: int


@dataclass(frozen=True)
class OrderWanted:
    """`reminder_phone` gets the result by SMS; left out, the login phone does."""

    quote: str
    reminder_phone: str | None = None
