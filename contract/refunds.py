"""Refunds (requirement 3.2.1.12(3)): what is announced of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from contract.events import EventData
from contract.payment import Contribution


@dataclass(frozen=True)
class PaymentRefunded(EventData):
    """UnionPay says that a contribution's money is on its way back (3.2.1.12(3)): one event per item of the refund.

    `contribution` has the years and the amount that were refunded; its operator is who paid, `paid_at` when.
    """

    type: ClassVar[str] = "payment.refunded.v1"
    order_id: str
    refund_id: str
    contribution: Contribution
    paid_at: dt.datetime
    requested_at: dt.datetime
    refunded_at: dt.datetime
