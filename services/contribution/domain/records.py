"""What the tax core has of a person, and what we have that it has not yet."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.insurance import InsuranceType


class RecordState(enum.StrEnum):
    """What became of a declaration: it waits to be paid, is paid, or was taken back."""

    DECLARED = "declared"
    PAID = "paid"
    VOIDED = "voided"


@dataclass(frozen=True, kw_only=True)
class CoreRecord:
    """One 缴费记录 of the tax core.

    `record_id` is its SBUUID, by which a declaration is voided; `amount` in fen; periods (所属期) are yyyyMM;
    `paid_at` is set where it is paid; `receipt_number` is 电子税票号码.
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
