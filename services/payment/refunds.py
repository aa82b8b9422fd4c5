"""What a refund is, and what UnionPay may say of it (protocols.md §1, docs/adr/0016)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True)
class Refund:
    """Money of an order that is to go back: `amount` in fen, `refund_order_id` ours, of UnionPay's shape (protocols.md
    §1). The number is the refund: asked for again under it, nothing is given back twice."""

    refund_order_id: str
    amount: int
    reason: str

    def __post_init__(self) -> None:
        if not 6 < len(self.refund_order_id) < 28 or self.amount <= 0:
            raise ValueError("a refund needs a number of 7 to 27 characters and an amount")


class RefundStatus(enum.StrEnum):
    """What UnionPay says of a refund, or the want of it."""

    SUCCEEDED = "succeeded"  # the money is on its way back to the payer
    OTHER_AMOUNT = "other_amount"  # the same, but not the amount asked for: somebody must look
    PROCESSING = "processing"
    FAILED = "failed"  # under this number nothing will go back any more
    REFUSED = "refused"  # not begun: the order is unpaid or unknown there, or has not so much money left
    UNANSWERED = "unanswered"  # asked, and no clear answer: it may have been done


@dataclass(frozen=True)
class RefundReport:
    """What UnionPay said of a refund; `amount` in fen and `transaction_id` are its own, where it named them."""

    status: RefundStatus
    transaction_id: str = ""
    amount: int = 0
