"""Tables of the payment service, by subject."""

from __future__ import annotations

from kit.audit import journal_table
from kit.inbox import inbox_table
from kit.outbox import outbox_table
from services.payment.models.base import metadata
from services.payment.models.external import exports, external_payments
from services.payment.models.orders import LINE_SEAL, ORDER_SEAL, notifies, order_history, order_lines, orders
from services.payment.models.reconciliation import (
    reconciliation_breaks,
    reconciliation_history,
    reconciliation_runs,
)
from services.payment.models.refunds import (
    CASE_SEAL,
    REFUND_SEAL,
    refund_cases,
    refund_history,
    refund_lines,
    refunds,
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
journal = journal_table(metadata)
SEALED = (ORDER_SEAL, LINE_SEAL, REFUND_SEAL, CASE_SEAL)

__all__ = [
    "CASE_SEAL",
    "LINE_SEAL",
    "ORDER_SEAL",
    "REFUND_SEAL",
    "SEALED",
    "exports",
    "external_payments",
    "inbox",
    "journal",
    "metadata",
    "notifies",
    "order_history",
    "order_lines",
    "orders",
    "outbox",
    "reconciliation_breaks",
    "reconciliation_history",
    "reconciliation_runs",
    "refund_cases",
    "refund_history",
    "refund_lines",
    "refunds",
]
