"""The tax core's operation ids, field names and codes, read from a file (taxcore.toml) and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from contract import schema
from contract.insurance import InsuranceType

_OURS = Path(__file__).parent / "taxcore.toml"


class BadWire(ValueError):
    """The file is not there, is not TOML, or a name in it is missing."""


@dataclass(frozen=True)
class Envelope:
    """What surrounds every request."""

    channel: str
    version: str
    operation_namespace: str


@dataclass(frozen=True)
class Operations:
    """tran_id by what we call the operation."""

    contribution_list: str
    void_declaration: str
    list_agreements: str
    sign_agreement: str
    verify_agreement: str


@dataclass(frozen=True)
class Codes:
    """What a refusal means."""

    not_found: str
    paid_already: str
    voided_already: str


@dataclass(frozen=True)
class AskedFields:
    """Names of what is asked."""

    document_type: str
    document_number: str
    name: str
    period_from: str
    period_to: str
    record_id: str
    reason: str


@dataclass(frozen=True)
class RecordFields:
    """Names of what a contribution record says; `item` is the element that holds one."""

    item: str
    record_id: str
    receipt_number: str
    document_number: str
    agency_code: str
    agency_name: str
    person_number: str
    insurance_type: str
    period_from: str
    period_to: str
    amount: str
    declared_on: str
    paid_at: str
    channel: str
    authority_code: str
    state: str


@dataclass(frozen=True)
class States:
    """Values of a record's state."""

    declared: str
    paid: str
    voided: str


@dataclass(frozen=True)
class InsuranceTypes:
    """Codes of our insurance types, residents' and flexible workers'."""

    pension: tuple[str, ...]
    medical: tuple[str, ...]


@dataclass(frozen=True)
class AgreementFields:
    """Names of what is asked and said of a tripartite agreement; `item` is the element that holds one."""

    item: str
    agreement_id: str
    registration_number: str
    bank_code: str
    clearing_number: str
    account_number: str
    holder: str
    authority_code: str
    state: str
    sign: str
    result: str
    words: str


@dataclass(frozen=True)
class AgreementValues:
    """Values of an agreement's state, of what its bank is asked, and of what it answers."""

    cancelled: str
    active: str
    pending: str
    cancel_pending: str
    verify: str
    cancel: str
    passed: str
    failed: str


@dataclass(frozen=True)
class Wire:
    """Everything the adapters of the tax core must be told."""

    envelope: Envelope
    operations: Operations
    codes: Codes
    asked: AskedFields
    record: RecordFields
    states: States
    insurance_types: InsuranceTypes
    agreement: AgreementFields
    agreement_values: AgreementValues

    def insurance_type(self, code: str) -> InsuranceType | None:
        """Ours by the tax core's code; None for a levy we do not handle."""
        if code in self.insurance_types.pension:
            return InsuranceType.PENSION
        return InsuranceType.MEDICAL if code in self.insurance_types.medical else None


def read_wire(path: Path | None) -> Wire:
    """The content of a file, or of ours. Raises BadWire, saying what is missing."""
    try:
        return schema.load(Wire, tomllib.loads((path or _OURS).read_text("utf-8")))
    except schema.MalformedPayload as error:
        missing = (
            f"{section}.{name}" if isinstance(inside, dict) else section
            for section, inside in error.fields.items()
            for name in (inside if isinstance(inside, dict) else ("",))
        )  # fmt: skip
        raise BadWire(f"missing or malformed: {', '.join(sorted(missing))}") from None
    except (OSError, ValueError) as error:
        raise BadWire(f"cannot be read: {type(error).__name__}") from None
