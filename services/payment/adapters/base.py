"""What payment asks of UnionPay, whichever route answers."""

from __future__ import annotations

from typing import Protocol

from contract.errors import Refused
from services.payment.domain import Order, Report


class ForgedNotify(Refused):
    """The notify is not signed by UnionPay, or cannot be read."""

    code = "forged_notify"
    text = "验签失败"
    status = 400


class UnionPay(Protocol):
    """One order at UnionPay. Reports never raise for want of an answer: that is the trigger UNANSWERED."""

    def payment_page(self, order: Order) -> str:
        """The signed address of the payment page; the payer's browser is sent there. No network."""
        ...

    def query(self, order: Order) -> Report | None:
        """What became of the order; None when UnionPay never saw it."""
        ...

    def close(self, order: Order) -> Report | None:
        """Close it so that it cannot be paid any more, and say what became of it; None when never seen."""
        ...

    def read_notify(self, fields: dict[str, str]) -> str:
        """The order number of a genuine notify. Raises ForgedNotify."""
        ...

    def report_of(self, fields: dict[str, str], order: Order) -> Report:
        """What a genuine notify, or an answer, says about an order."""
        ...
