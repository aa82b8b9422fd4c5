"""What UnionPay's fields mean to us, the same on both routes and in a notify (protocols.md §1).

errCode SUCCESS says that a call was accepted; only `status` says what became of an order, `refundStatus` of a refund.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from kit.clock import CHINA
from services.payment.adapters.base import PhonePayment
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.domain.refunds import Refund, RefundReport, RefundStatus

_TRIGGERS = {
    "NEW_ORDER": Trigger.AWAITED,
    "WAIT_BUYER_PAY": Trigger.AWAITED,
    "TRADE_SUCCESS": Trigger.SUCCEEDED,
    "TRADE_CLOSED": Trigger.SHUT,
    "TRADE_REFUND": Trigger.PARTLY_BACK,
    "UNKNOWN": Trigger.UNANSWERED,
}
# closeReason is not in the published text [A]: without it, or with another value, the cause stays open.
_CLOSE_REASONS = {
    "expired": "expired",
    "buyer": "closed_by_buyer",
    "declined": "declined",
}
_REFUND_STATUSES = {
    "SUCCESS": RefundStatus.SUCCEEDED,
    "FAIL": RefundStatus.FAILED,
    "PROCESSING": RefundStatus.PROCESSING,
    "UNKNOWN": RefundStatus.UNANSWERED,
}
_LONGEST_ID = 64


def report_of(fields: Mapping[str, Any], order: Order, source: str) -> Report:
    """What became of an order: `fields` are a genuine notify's, or those of an accepted call."""
    trigger = _TRIGGERS.get(str(fields.get("status")), Trigger.UNANSWERED)
    transaction_id, amount = _id(fields, "targetOrderId"), _fen(fields.get("totalAmount"))
    if trigger is Trigger.SHUT and fields.get("payTime"):
        trigger = (
            Trigger.GIVEN_BACK
        )  # closed by a full refund: it was paid, and 没有扣款 must not be said of it
    if trigger is Trigger.PARTLY_BACK and amount and _fen(fields.get("refundAmount")) == amount:
        trigger = Trigger.GIVEN_BACK
    if trigger is Trigger.GIVEN_BACK:
        return Report(
            trigger, source, transaction_id, _time(fields.get("payTime")), failure_code="given_back"
        )
    if trigger not in (Trigger.SUCCEEDED, Trigger.PARTLY_BACK):
        return Report(
            trigger, source, failure_code=_CLOSE_REASONS.get(str(fields.get("closeReason")), "closed")
        )
    paid_at = _time(fields.get("payTime"))
    if not transaction_id or amount is None or paid_at is None:
        return Report(Trigger.UNANSWERED, source)  # a second payment could not be told from the first
    if trigger is Trigger.PARTLY_BACK:
        return Report(trigger, source, transaction_id, paid_at, amount, failure_code="partly_back")
    if not _about(fields, order) or amount != order.amount:
        return Report(Trigger.MISPAID, source, transaction_id, paid_at, amount, failure_code="mispaid")
    return Report(trigger, source, transaction_id, paid_at, amount)


def refund_report_of(fields: Mapping[str, Any], order: Order, refund: Refund) -> RefundReport:
    """What became of a refund: `fields` are those of an accepted call."""
    amount = _fen(fields.get("refundAmount"))
    if not _about(fields, order) or fields.get("refundOrderId") != refund.refund_order_id or amount is None:
        return RefundReport(RefundStatus.UNANSWERED)
    status = _REFUND_STATUSES.get(str(fields.get("refundStatus")), RefundStatus.UNANSWERED)
    if status is RefundStatus.SUCCEEDED and amount != refund.amount:
        status = RefundStatus.OTHER_AMOUNT
    return RefundReport(status, _id(fields, "refundTargetOrderId"), amount)


def phone_payment_of(fields: Mapping[str, Any], order: Order) -> PhonePayment | None:
    """What the phone pays with, from an accepted call; None when the order cannot be paid. The parameters' name
    differs by the kind of payment [A]."""
    given = fields.get("miniPayRequest" if order.inst_mid == "MINIDEFAULT" else "jsPayRequest")
    payable = _TRIGGERS.get(str(fields.get("status"))) is Trigger.AWAITED and _about(fields, order)
    if not payable or not isinstance(given, dict):
        return None
    values = [
        given.get(name) for name in ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")
    ]
    if not all(isinstance(value, str) and value for value in values):
        return None
    return PhonePayment(*values)  # type: ignore[arg-type] # all of them are texts


def _about(fields: Mapping[str, Any], order: Order) -> bool:
    return (fields.get("mid"), fields.get("tid"), fields.get("merOrderId")) == (
        order.mid, order.tid, order.mer_order_id,
    )  # fmt: skip


def _id(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else ""


def _fen(value: Any) -> int | None:
    """An amount, a number in an answer and a text in a notify; None for anything but whole fen."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def _time(value: Any) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except (ValueError, TypeError):
        return None
