"""Records of the tax core and payments of ours, alike unless told otherwise."""

from __future__ import annotations

import datetime as dt
from typing import Any

from contract.insurance import Channel, InsuranceType
from contract.paid import PaidContribution
from contract.people import DocumentType, Person
from contract.records import RecordState
from kit.clock import CHINA
from services.contribution.domain.records import CoreRecord

WEI = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
PAID_AT = dt.datetime(2026, 11, 20, 10, 23, tzinfo=CHINA)


def core_record(**changed: Any) -> CoreRecord:
    """韦秀兰's paid medical contribution of 2026."""
    values: dict[str, Any] = {
        "record_id": "R1", "insurance_type": InsuranceType.MEDICAL, "agency_code": "45010301",
        "agency_name": "青秀中心", "person_number": "4501030001", "period_from": "202601", "period_to": "202612",
        "amount": 40_000, "state": RecordState.PAID, "declared_on": PAID_AT.date(), "paid_at": PAID_AT,
        "channel": Channel.WECHAT_ACCOUNT.label, "receipt_number": "3450261120",
    }  # fmt: skip
    return CoreRecord(**values | changed)


def declared_record(**changed: Any) -> CoreRecord:
    """The same, declared and not paid."""
    unpaid = {"state": RecordState.DECLARED, "paid_at": None, "channel": "", "receipt_number": ""}
    return core_record(**unpaid | changed)


def own_payment(**changed: Any) -> PaidContribution:
    """The same, paid through us."""
    values: dict[str, Any] = {
        "insurance_type": InsuranceType.MEDICAL, "year": 2026, "amount": 40_000, "agency_code": "45010301",
        "agency_name": "青秀中心", "social_number": "4501030001", "channel": Channel.WECHAT_ACCOUNT,
        "paid_at": PAID_AT.astimezone(dt.UTC),
    }  # fmt: skip
    return PaidContribution(**values | changed)
