"""The payment service: its entrypoints by subject."""

from __future__ import annotations

from services.payment.entrypoints.desk import DeskEntrypoints
from services.payment.entrypoints.orders import OrderEntrypoints
from services.payment.entrypoints.reconciliation import ReconciliationEntrypoints
from services.payment.entrypoints.refunds import RefundEntrypoints
from services.payment.entrypoints.statistics import StatisticsEntrypoints


class PaymentService(
    OrderEntrypoints, RefundEntrypoints, ReconciliationEntrypoints, StatisticsEntrypoints, DeskEntrypoints
):  # fmt: skip
    """Places orders, hears UnionPay, asks UnionPay, gives money back, announces what became of it, reconciles."""
