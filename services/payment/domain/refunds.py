"""What a refund is; its states: one table, one event per edge; and when UnionPay is asked about it next (protocols.md
§1, docs/adr/0016). Nothing here is stored."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contract.events import EventData
from contract.refunds import (
    PartNotFound,
    PartRefunded,
    PaymentRefunded,
    RefundOrigin,
    RefundPart,
    RefundState,
)
from services.payment.domain.orders import Item, Order, RefundReason

LineNumber = tuple[int, int]
"""An item of an order and a line of it, both from 0."""


@dataclass(frozen=True)
class Refund:
    """Money of an order that is to go back: `amount` in fen, the sum of its `lines`, or for money that is not the
    order's that of its `case`. `transaction_id` is the payment it is of, UnionPay's targetOrderId.

    `refund_order_id` is of UnionPay's shape (protocols.md §1): asked for again under it, nothing is given back twice.
    `attempts` counts the times UnionPay was asked since something changed; `failure` is why it failed.
    """

    refund_id: str
    order_id: str
    refund_order_id: str
    transaction_id: str
    amount: int
    reason: str
    origin: RefundOrigin
    operator_id: str
    operator_name: str
    idempotency_key: str
    body_hash: str
    created_at: dt.datetime
    next_action_at: dt.datetime | None
    lines: tuple[LineNumber, ...] = ()
    case: RefundReason | None = None
    state: RefundState = RefundState.REQUESTED
    attempts: int = 0
    refunded_at: dt.datetime | None = None
    failure: str | None = None

    def __post_init__(self) -> None:
        if not 6 < len(self.refund_order_id) < 28 or self.amount <= 0:
            raise ValueError("a refund needs a number of 7 to 27 characters and an amount")

    @property
    def asked_before(self) -> bool:
        """Whether UnionPay may know it: then it is asked what became of it before it is asked for again."""
        return self.state is not RefundState.REQUESTED or self.attempts > 0


class RefundStatus(enum.StrEnum):
    """What may happen to a refund: UnionPay's own word, the want of it, or that of staff."""

    SUCCEEDED = "succeeded"  # the money is on its way back to the payer
    OTHER_AMOUNT = "other_amount"  # the same, but not the amount asked for: somebody must look
    PROCESSING = "processing"
    FAILED = "failed"  # under this number nothing will go back any more
    REFUSED = "refused"  # not begun: the order is unpaid or unknown there, or has not so much money left
    UNANSWERED = "unanswered"  # asked, and no clear answer: it may have been done
    RETRIED = "retried"  # staff: try again


@dataclass(frozen=True)
class RefundReport:
    """What UnionPay said of a refund; `amount` in fen and `transaction_id` are its own, where it named them."""

    status: RefundStatus
    transaction_id: str = ""
    amount: int = 0


@dataclass(frozen=True)
class RefundEdge:
    """Where a status leads, and the event the change announces. For money that is not the order's that is
    PaymentReturned instead."""

    to: RefundState
    event: type[EventData] | None = None


_OPEN = (RefundState.REQUESTED, RefundState.SUBMITTED, RefundState.UNKNOWN)
_NOT_DONE = (RefundStatus.FAILED, RefundStatus.REFUSED, RefundStatus.OTHER_AMOUNT)

REFUND_EDGES: dict[tuple[RefundState, RefundStatus], RefundEdge] = {
    (RefundState.REQUESTED, RefundStatus.PROCESSING): RefundEdge(RefundState.SUBMITTED),
    (RefundState.UNKNOWN, RefundStatus.PROCESSING): RefundEdge(RefundState.SUBMITTED),
    (RefundState.REQUESTED, RefundStatus.UNANSWERED): RefundEdge(RefundState.UNKNOWN),
    (RefundState.SUBMITTED, RefundStatus.UNANSWERED): RefundEdge(RefundState.UNKNOWN),
    **{(s, RefundStatus.SUCCEEDED): RefundEdge(RefundState.REFUNDED, PaymentRefunded) for s in _OPEN},
    **{(s, status): RefundEdge(RefundState.FAILED) for status in _NOT_DONE for s in _OPEN},
    (RefundState.FAILED, RefundStatus.RETRIED): RefundEdge(RefundState.REQUESTED),
}
"""Every edge of the graph. What is not here changes nothing."""

FAILURES = {
    RefundStatus.FAILED: "银联回复退款失败，款项没有退回，请核实原因后重新提交",
    RefundStatus.REFUSED: "银联没有受理：订单在银联没有这么多可退的款项，请核对银联账单",
    RefundStatus.OTHER_AMOUNT: "银联退回的金额与应退金额不一致，请核对银联账单",
}
"""What staff read of a failed refund, by its `failure`."""

CASE_REASONS = {
    RefundReason.MISPAID: "支付金额与应缴金额不一致",
    RefundReason.LATE: "订单关闭后才收到付款",
    RefundReason.DOUBLE: "同一订单重复付款",
    RefundReason.PARTLY_BACK: "款项已部分退回，退回其余部分",
}
"""Why money that is not the order's goes back, in the payer's words."""


def chosen(order: Order, parts: Sequence[RefundPart]) -> tuple[LineNumber, ...]:
    """The lines these parts name, or all that no refund has. Raises PartNotFound, PartRefunded."""
    if not parts:
        lines = {(number, place) for number, item in enumerate(order.items) for place in item.free}
    else:
        lines = {line for part in parts for line in _lines_of(order, part)}
    if not lines:
        raise PartRefunded()
    return tuple(sorted(lines))


def _lines_of(order: Order, part: RefundPart) -> list[LineNumber]:
    named = [
        (number, item)
        for number, item in enumerate(order.items)
        if (item.person_number, item.insurance_type) == (part.person_number, part.insurance_type)
    ]
    if not named or not set(part.years) <= {year for _, item in named for year in item.years}:
        raise PartNotFound(field="parts")
    free = [(number, place) for number, item in named for place in item.free]
    if not part.years:
        return free
    wanted = [(n, place) for n, item in named for place, year in enumerate(item.years) if year in part.years]
    if not set(wanted) <= set(free):
        raise PartRefunded()
    return wanted


def amount_of(order: Order, lines: Sequence[LineNumber]) -> int:
    """The sum of these lines in fen."""
    return sum(order.items[number].lines[place].amount for number, place in lines)


def parts_of(order: Order, refund: Refund) -> list[Item]:
    """The items a refund gives money back of, each with the lines concerned alone."""
    by_item: dict[int, list[int]] = {}
    for number, place in refund.lines:
        by_item.setdefault(number, []).append(place)
    return [order.items[number].part(places) for number, places in sorted(by_item.items())]


def retried(refund: Refund, new_number: str, now: dt.datetime) -> Refund:
    """A failed refund, to be asked for again: by a new number only where nothing will go back under the old one."""
    ended = refund.failure in (RefundStatus.FAILED, RefundStatus.REFUSED)
    return replace(
        refund, state=RefundState.REQUESTED, attempts=0, failure=None, next_action_at=now,
        refund_order_id=new_number if ended else refund.refund_order_id,
    )  # fmt: skip


_FIRST_LOOK = dt.timedelta(seconds=5)
_LONGEST_LOOK = dt.timedelta(minutes=30)
_REMINDER = dt.timedelta(days=1)


def next_look(refund: Refund, now: dt.datetime) -> dt.datetime | None:
    """When to ask UnionPay again, ever more slowly but never not at all; for a failed one, when staff are reminded."""
    if refund.state is RefundState.REFUNDED:
        return None
    if refund.state is RefundState.FAILED:
        return now + _REMINDER
    wait: dt.timedelta = min(_FIRST_LOOK * 2 ** min(refund.attempts, 12), _LONGEST_LOOK)
    return now + wait
