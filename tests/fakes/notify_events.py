"""Payments as the bus tells of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from contract import schema
from contract.events import Envelope, EventData
from contract.insurance import Channel, InsuranceType, PaymentKind
from contract.payment import Contribution, PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded, PaymentReturned

PAID_AT = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)
REFUNDED_AT = dt.datetime(2026, 11, 25, 2, 0, tzinfo=dt.UTC)
CERTIFICATE_AT = dt.datetime(2026, 11, 24, 1, 0, tzinfo=dt.UTC)


def enveloped(event: EventData, event_id: str, source: str) -> Envelope:
    """An event as it comes off the bus."""
    data = schema.dump(event)
    return Envelope("1.0", event_id, source, event.type, "order-1", PAID_AT, data)


def contribution(**changed: Any) -> Contribution:
    """A contribution with a payer's phone and no other."""
    values: dict[str, Any] = {
        "insured_name": "韦**", "insured_number": "4501**********2040", "social_number": "45010300012345",
        "agency_code": "450103", "agency_name": "南宁市青秀区医疗保障局", "insurance_type": InsuranceType.MEDICAL,
        "kind": PaymentKind.NORMAL, "years": (2027,), "tier_label": "成年人", "amount": 40000,
        "channel": Channel.WECHAT_ACCOUNT, "operator_name": "韦**", "payer_phone": "13800138000",
    }  # fmt: skip
    return Contribution(**values | changed)


def succeeded(order_id: str = "order-1", **changed: Any) -> PaymentSucceeded:
    return PaymentSucceeded(order_id, contribution(**changed), PAID_AT, CERTIFICATE_AT)


def failed(
    reason: str = "银行卡余额不足。",
    advice: str = "请更换银行卡后重新缴费。",
    code: str = "declined",
    **changed: Any,
) -> PaymentFailed:
    return PaymentFailed("order-1", contribution(**changed), PAID_AT, code, reason, advice)


def refunded(**changed: Any) -> PaymentRefunded:
    return PaymentRefunded("order-1", "refund-1", contribution(**changed), PAID_AT, REFUNDED_AT, REFUNDED_AT)


def returned(reason: str = "订单关闭后才收到付款", **changed: Any) -> PaymentReturned:
    values = {"operator_name": "韦**", "payer_phone": "13800138000"} | changed
    return PaymentReturned(
        "order-1", "refund-1", 40000, "late", reason, paid_at=PAID_AT, returned_at=REFUNDED_AT, **values
    )
