"""What an order is; its states: one table, one event per edge; and when an order is looked at next."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contract.events import EventData
from contract.insurance import Channel, InsuranceType, PayerKind, PaymentKind
from contract.payment import (
    MAX_ITEMS,
    ItemRepeated,
    OrderState,
    PaymentFailed,
    PaymentSucceeded,
    TooManyItems,
)
from contract.people import Person
from contract.places import Place
from contract.quote import QuoteLine


class Trigger(enum.StrEnum):
    """What may happen to an order. Each is UnionPay's own word, the want of it, or what became of a refund."""

    AWAITED = "awaited"  # UnionPay knows the order and waits for its buyer
    SUCCEEDED = "succeeded"  # paid: merchant and amount are ours
    MISPAID = "mispaid"  # paid, but not what we asked for
    SHUT = "shut"  # UnionPay closed it: by time, by its buyer, by the bank or by us
    UNANSWERED = "unanswered"  # asked, and no clear answer
    NOT_OPENED = "not_opened"  # UnionPay has no such order yet: its payer has not come to the payment page
    NEVER_SEEN = "never_seen"  # UnionPay has no such order, and its time is over or its payer gave it up
    GIVEN_BACK = "given_back"  # paid, and all of it given back
    PARTLY_BACK = "partly_back"  # paid, and given back: all of it or a part
    REFUND_BEGUN = "refund_begun"  # ours: a refund of a line was committed
    PARTLY_REFUNDED = "partly_refunded"  # no refund is under way any more, and a line is still paid
    ALL_REFUNDED = "all_refunded"  # every line is refunded


@dataclass(frozen=True)
class Edge:
    """Where a trigger leads, and the event the change announces."""

    to: OrderState
    event: type[EventData] | None = None


_WAITING = (OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN)

EDGES: dict[tuple[OrderState, Trigger], Edge] = {
    (OrderState.PLACED, Trigger.AWAITED): Edge(OrderState.SUBMITTED),
    (OrderState.UNKNOWN, Trigger.AWAITED): Edge(OrderState.SUBMITTED),
    (OrderState.UNKNOWN, Trigger.NOT_OPENED): Edge(OrderState.PLACED),
    (OrderState.PLACED, Trigger.UNANSWERED): Edge(OrderState.UNKNOWN),
    (OrderState.SUBMITTED, Trigger.UNANSWERED): Edge(OrderState.UNKNOWN),
    **{(state, Trigger.SUCCEEDED): Edge(OrderState.PAID, PaymentSucceeded) for state in _WAITING},
    **{(state, Trigger.SHUT): Edge(OrderState.CLOSED, PaymentFailed) for state in _WAITING},
    **{(state, Trigger.NEVER_SEEN): Edge(OrderState.CLOSED, PaymentFailed) for state in _WAITING},
    **{(state, Trigger.GIVEN_BACK): Edge(OrderState.CLOSED, PaymentFailed) for state in _WAITING},
    **{(state, Trigger.MISPAID): Edge(OrderState.FAILED, PaymentFailed) for state in _WAITING},
    **{(state, Trigger.PARTLY_BACK): Edge(OrderState.FAILED, PaymentFailed) for state in _WAITING},
    (OrderState.PAID, Trigger.REFUND_BEGUN): Edge(OrderState.REFUNDING),
    (OrderState.REFUNDING, Trigger.PARTLY_REFUNDED): Edge(OrderState.PAID),
    (OrderState.REFUNDING, Trigger.ALL_REFUNDED): Edge(OrderState.REFUNDED),
}
"""Every edge of the graph (design.md §5 rule 4). What is not here changes nothing, or opens a refund case. That money
went back is announced by the refund's own edge (refunds.py)."""

UNDECIDED = frozenset({Trigger.UNANSWERED, Trigger.AWAITED, Trigger.NOT_OPENED})
"""After one of these an order may still be paid."""

LIVE = frozenset({*_WAITING, OrderState.PAID, OrderState.REFUNDING})
"""An order in one of these keeps any other away from its insured, insurance type and year (§5 rule 3)."""

FINAL = frozenset({OrderState.PAID, OrderState.FAILED, OrderState.CLOSED, OrderState.REFUNDED})
"""Nothing is expected to happen any more."""

REFUNDABLE = frozenset({OrderState.PAID, OrderState.REFUNDING})
"""A line that no refund has may be refunded."""


class RefundReason(enum.StrEnum):
    """Why we hold money that is not this order's (§5 rule 5)."""

    MISPAID = "mispaid"
    LATE = "late"
    DOUBLE = "double"
    PARTLY_BACK = "partly_back"


@dataclass(frozen=True)
class ItemRefund:
    """The refund some of an item's lines are in, by their places in `lines`; `refunded_at` once the money went back,
    `held_up` while staff must see to it."""

    refund_id: str
    lines: tuple[int, ...]
    requested_at: dt.datetime
    refunded_at: dt.datetime | None = None
    held_up: bool = False


@dataclass(frozen=True)
class Item:
    """What one quote asks for: one insured and one insurance type, one line for each year, oldest first.

    `relation_id` is identity's and `place` where they live, for an insured who is not the payer.
    """

    quote_id: str
    insured: Person
    insured_phone: str | None
    registration_number: str
    payer_kind: PayerKind
    insurance_type: InsuranceType
    kind: PaymentKind
    agency_code: str
    agency_name: str
    person_number: str
    product_code: str
    lines: tuple[QuoteLine, ...]
    relation_id: str | None = None
    place: Place | None = None
    refunds: tuple[ItemRefund, ...] = ()

    @property
    def amount(self) -> int:
        """The sum of its lines, in fen."""
        return sum(line.amount for line in self.lines)

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(line.year for line in self.lines)

    @property
    def tier_label(self) -> str:
        """The tiers of its lines, each named once."""
        return "、".join(dict.fromkeys(line.tier_label for line in self.lines if line.tier_label))

    @property
    def free(self) -> tuple[int, ...]:
        """The places of the lines that no refund has."""
        taken = {place for refund in self.refunds for place in refund.lines}
        return tuple(place for place in range(len(self.lines)) if place not in taken)

    def part(self, places: Iterable[int]) -> Item:
        """The item with these of its lines alone."""
        return replace(self, lines=tuple(self.lines[place] for place in places), refunds=())

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What only one live order may pay for."""
        document = document_of(self.insured)
        return tuple((document, self.insurance_type, year) for year in self.years)


Subject = tuple[str, InsuranceType, int]
"""An insured by their document, an insurance type and a year (design.md §5 rule 3)."""


def document_of(insured: Person) -> str:
    """What tells people apart: a name does not."""
    return f"{insured.document_type.value}:{insured.document_number}"


@dataclass(frozen=True)
class Order:
    """An order as stored: one UnionPay payment. `amount`, in fen, is the sum of its items; `transaction_id` is
    UnionPay's targetOrderId once paid; `mid`, `tid` and `inst_mid` are the merchant, terminal and kind of payment it
    was placed with there and is asked for by, whatever is configured since.

    `failure_code` says why it failed or was closed; `attempts` counts questions to UnionPay since the last answer
    that changed something; `next_action_at` is None only in a final state, and while it is a refund that is looked
    after. `refund_due` while money is held that is not the order's, `returned_at` when such money went back.
    """

    order_id: str
    mer_order_id: str
    payer_id: str
    payer_name: str
    payer_phone: str
    idempotency_key: str
    body_hash: str
    items: tuple[Item, ...]
    amount: int
    channel: Channel
    state: OrderState
    created_at: dt.datetime
    expires_at: dt.datetime
    next_action_at: dt.datetime | None
    mid: str
    tid: str
    inst_mid: str
    attempts: int = 0
    paid_at: dt.datetime | None = None
    transaction_id: str | None = None
    failure_code: str | None = None
    refund_due: bool = False
    returned_at: dt.datetime | None = None
    whole: bool = True
    """Whether its row is as it was sealed; what somebody changed behind our back is never sealed by us."""

    @property
    def waiting(self) -> bool:
        """Whether UnionPay's final word is still to come."""
        return self.state in _WAITING


MAX_LINES = 80
"""As many travel in the address of UnionPay's page, which must stay under the 8 KB most servers read."""


def check_items(items: Sequence[Item]) -> None:
    """Raises TooManyItems, and ItemRepeated for a quote, or an insured's type and year, that came before."""
    if not 0 < len(items) <= MAX_ITEMS or sum(len(item.lines) for item in items) > MAX_LINES:
        raise TooManyItems()
    seen: set[str | Subject] = set()
    for place, item in enumerate(items):
        own: set[str | Subject] = {item.quote_id, *item.subjects}
        if seen & own or len(own) <= len(item.lines):
            raise ItemRepeated(item=place)
        seen |= own


@dataclass(frozen=True)
class Report:
    """What UnionPay said of an order, by notify or by answer. `amount` in fen, `source` for the history."""

    trigger: Trigger
    source: str
    transaction_id: str = ""
    paid_at: dt.datetime | None = None
    amount: int = 0
    failure_code: str = ""


@dataclass(frozen=True)
class Decision:
    """What a report means for an order: a new state, a refund case, both or nothing."""

    edge: Edge | None = None
    refund: RefundReason | None = None


def decide(order: Order, report: Report) -> Decision:
    """What to do with a report. Pure: the caller holds the order's row lock."""
    edge = EDGES.get((order.state, report.trigger))
    if report.trigger is Trigger.MISPAID:
        return Decision(edge, RefundReason.MISPAID)
    if report.trigger is Trigger.PARTLY_BACK and order.transaction_id != report.transaction_id:
        return Decision(edge, RefundReason.PARTLY_BACK)
    if report.trigger is not Trigger.SUCCEEDED or edge is not None:
        return Decision(edge)
    if order.transaction_id == report.transaction_id:
        return Decision()  # the notify again, or a query after it
    return Decision(None, RefundReason.DOUBLE if order.state in REFUNDABLE else RefundReason.LATE)


_FIRST_LOOKS = (30, 60, 120, 240)
_LONG_LOOK = dt.timedelta(minutes=5)
_LONGEST_LOOK = dt.timedelta(minutes=30)
EXPIRY_GRACE = dt.timedelta(minutes=2)
"""UnionPay's clock and ours, and a payment in its last second."""


MIN_BETWEEN_LOOKS = dt.timedelta(seconds=3)
"""However often a payer reloads the page, UnionPay is not asked more often than this."""


def next_look(order: Order, now: dt.datetime) -> dt.datetime:
    """When to ask UnionPay again: soon at first, at the end of the order's time for certain, then ever more
    slowly, but never not at all."""
    deadline = order.expires_at + EXPIRY_GRACE
    if order.attempts < len(_FIRST_LOOKS):
        wait = dt.timedelta(seconds=_FIRST_LOOKS[order.attempts])
    else:
        wait = min(_LONG_LOOK * 2 ** min(max(order.attempts - 12, 0), 8), _LONGEST_LOOK)
    return min(now + wait, deadline) if now < deadline else now + wait


def last_look(order: Order, trigger: Trigger, now: dt.datetime) -> dt.datetime | None:
    """When to ask once more after an order's end: given up before UnionPay saw it, it can be paid from a page left
    open until its time is over, and the notify of that may be lost."""
    deadline = order.expires_at + EXPIRY_GRACE
    return deadline if trigger is Trigger.NEVER_SEEN and now < deadline else None


def overdue(order: Order, now: dt.datetime) -> bool:
    """Whether the order's time has run out for certain."""
    return now >= order.expires_at + EXPIRY_GRACE
