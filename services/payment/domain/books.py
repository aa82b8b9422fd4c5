"""What our own books say of an order's money, and the sum of it: paid = posted + refunded + in flight, per day and per
channel (design.md §5 rule 8).

The day is that of the payment in China, the channel that of the order. In fen:

- **paid** 收到: what UnionPay took from payers. `orders.amount` of every order that was ever paid; the amount of every
  refund case, which is a payment that was not its order's; and, of notifies that are kept and not yet acted on, the
  amount of each payment that is neither.
- **posted** 入库: `order_lines.amount` of paid lines that no refund has, once the order's `payment.succeeded` events
  have left the outbox: the tax side has been told.
- **refunded** 已退: `refunds.amount` of refunds, of lines or of cases, that UnionPay has confirmed.
- **in flight** 在途: the same lines while an event is still in the outbox; `refunds.amount` of refunds that are not
  confirmed, failed ones included; payments of kept notifies.

Left and right come from different rows, written at different times: whatever is lost, doubled or changed between them
shows as a difference of that day and channel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from contract.payment import OrderState, PaymentSucceeded
from contract.refunds import RefundState
from kit.clock import china
from services.payment.domain.orders import REFUNDABLE, Order, Report, Trigger
from services.payment.domain.refunds import LineNumber, Refund

PAID_STATES = frozenset({*REFUNDABLE, OrderState.REFUNDED})
"""An order in one of these was paid."""

_WITH_MONEY = frozenset({Trigger.SUCCEEDED, Trigger.MISPAID, Trigger.PARTLY_BACK})


@dataclass(frozen=True)
class Case:
    """A refund case: money that is not its order's."""

    reason: str
    transaction_id: str
    amount: int
    paid_at: dt.datetime | None
    opened_at: dt.datetime
    closed_at: dt.datetime | None

    @property
    def since(self) -> dt.datetime:
        """When the money came, as far as it is known."""
        return self.paid_at or self.opened_at


@dataclass(frozen=True)
class Step:
    """A line of a history."""

    at: dt.datetime
    from_state: str
    trigger: str
    to_state: str


@dataclass(frozen=True)
class Notice:
    """A genuine notify: what it says, and whether it was acted on."""

    report: Report
    processed: bool


@dataclass(frozen=True)
class Book:
    """Everything payment keeps of one order. `refund_steps` are by refund; `events` and `waiting` count those in the
    outbox, and those of them not yet on the bus, by type; `altered` names rows that are not as they were sealed."""

    order: Order
    live: Mapping[LineNumber, bool]
    refunds: tuple[Refund, ...]
    cases: tuple[Case, ...]
    steps: tuple[Step, ...]
    refund_steps: Mapping[str, tuple[Step, ...]]
    events: Mapping[str, int]
    waiting: Mapping[str, int]
    notices: tuple[Notice, ...]
    altered: tuple[str, ...]

    @property
    def paid(self) -> bool:
        return self.order.state in PAID_STATES

    @property
    def lines(self) -> dict[LineNumber, int]:
        """The amounts of the order's lines."""
        return {
            (number, place): line.amount
            for number, item in enumerate(self.order.items)
            for place, line in enumerate(item.lines)
        }

    @property
    def refunded_lines(self) -> dict[LineNumber, Refund]:
        """The lines that refunds have."""
        return {line: refund for refund in self.refunds for line in refund.lines}

    @property
    def unbooked(self) -> dict[str, Notice]:
        """Payments UnionPay told us of that are neither the order's nor a case, by their transactions."""
        known = {self.order.transaction_id, *(case.transaction_id for case in self.cases)}
        return {
            notice.report.transaction_id: notice
            for notice in self.notices
            if notice.report.trigger in _WITH_MONEY and notice.report.transaction_id not in known
        }


@dataclass
class Sums:
    """One day of one channel, in fen."""

    paid: int = 0
    posted: int = 0
    refunded: int = 0
    in_flight: int = 0

    @property
    def difference(self) -> int:
        return self.paid - self.posted - self.refunded - self.in_flight


@dataclass
class Tally:
    """The sums by day and channel: of one day, or of all."""

    day: dt.date | None = None
    sums: dict[tuple[dt.date, str], Sums] = field(default_factory=dict)
    orders: int = 0

    def add(self, book: Book) -> None:
        """Count what an order's book says."""
        self.orders += 1
        for at, sums in _entries(book):
            day = china(at).date()
            if self.day in (None, day):
                kept = self.sums.setdefault((day, book.order.channel.value), Sums())
                kept.paid += sums.paid
                kept.posted += sums.posted
                kept.refunded += sums.refunded
                kept.in_flight += sums.in_flight

    def total(self) -> Sums:
        """All of them together."""
        every = self.sums.values()
        return Sums(
            sum(one.paid for one in every), sum(one.posted for one in every),
            sum(one.refunded for one in every), sum(one.in_flight for one in every),
        )  # fmt: skip


def _entries(book: Book) -> Iterator[tuple[dt.datetime, Sums]]:
    order = book.order
    if book.paid and order.paid_at is not None:
        kept = sum(amount for line, amount in book.lines.items() if line not in book.refunded_lines)
        told = not book.waiting.get(PaymentSucceeded.type)
        yield order.paid_at, Sums(order.amount, kept if told else 0, 0, 0 if told else kept)
    came = {case.transaction_id: case.since for case in book.cases}
    for case in book.cases:
        yield case.since, Sums(paid=case.amount)
    for refund in book.refunds:
        at = came.get(refund.transaction_id) if refund.case else order.paid_at
        done = refund.state is RefundState.REFUNDED
        back, under_way = (refund.amount, 0) if done else (0, refund.amount)
        yield at or refund.created_at, Sums(refunded=back, in_flight=under_way)
    for notice in book.unbooked.values():
        held = notice.report.amount
        yield (
            notice.report.paid_at or order.created_at,
            Sums(paid=held, in_flight=0 if notice.processed else held),
        )
