"""RPCs and events of the payment service (requirements 3.2.1.5–3.2.1.6, 3.2.1.12; design.md §4–5)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import ClassVar

from contract.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from contract.events import EventData
from contract.external import ExternalContribution
from contract.insurance import Channel, InsuranceType, PaymentKind
from contract.places import Place
from contract.quote import QuoteLine
from contract.refunded import ItemRefund
from contract.rpc import Method


class OrderState(enum.StrEnum):
    """States of an order (design.md §5 rule 4). Only UnionPay's own word moves an order out of a state in which
    money may be held."""

    PLACED = "placed"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    PAID = "paid"
    FAILED = "failed"
    CLOSED = "closed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


MAX_ITEMS = 50
"""As many insured, or insurance types of theirs, as one order may pay for."""


class QuoteForged(Refused):
    """The seal does not hold."""

    code = "quote_forged"
    text = "缴费信息已失效，请返回重新确认缴费信息。您还没有缴费，没有扣款。"


class QuoteExpired(Refused):
    """The quote is too old to charge."""

    code = "quote_expired"
    text = "缴费信息确认已超时，请重新确认缴费信息。您还没有缴费，没有扣款。"


class QuoteUsed(Conflict):
    """The quote already made an order; `detail["order_id"]` when it is the caller's own."""

    code = "quote_used"
    text = "这笔缴费已经提交过，请勿重复提交。"


class IdempotencyConflict(Conflict):
    """The same idempotency key came with another body."""

    code = "idempotency_conflict"
    text = "您的请求与之前提交的内容不一致，请返回首页查看缴费结果。"


class LiveOrderExists(Conflict):
    """Someone's order for the same insured, insurance type and year is being paid or is paid.
    `detail["order_id"]` only when it is the caller's own."""

    code = "live_order_exists"
    text = "该缴费人这一年度的此险种已有一笔正在办理或已完成的缴费，请勿重复缴费。"


class ItemRepeated(Refused):
    """One order names a quote, or an insured's insurance type and year, twice."""

    code = "item_repeated"
    text = "同一被缴费人的同一险种、同一年度只能缴一次，请去掉重复的以后再提交。您还没有缴费，没有扣款。"


class TooManyItems(InvalidInput):
    """More than MAX_ITEMS, or so many years that UnionPay's page cannot be told all of them; or nothing at all."""

    code = "too_many_items"
    text = f"一次最多为{MAX_ITEMS}项缴费（补缴的年份较多时更少），请分几次办理。您还没有缴费，没有扣款。"


class OrderNotFound(NotFound):
    """No such order of this payer."""

    code = "order_not_found"
    text = "没有找到这笔缴费。"


class OrderNotPayable(Refused):
    """The order is no longer waiting for its payer."""

    code = "order_not_payable"
    text = "这笔缴费已经处理完成或已关闭，请查看缴费结果。"


class CloseNotConfirmed(Unavailable):
    """UnionPay did not say whether the order is closed. It stays as it was and is looked after."""

    code = "close_not_confirmed"
    text = "正在与银联确认这笔缴费的状态，请稍后查看结果，请勿重复缴费。"


@dataclass(frozen=True)
class Payer:
    """缴费操作人: who is logged in and pays. `name` is kept encrypted; `phone` gets the reminder."""

    person_id: str
    name: str
    phone: str


@dataclass(frozen=True)
class ItemWanted:
    """One sealed quote to pay. `insured_phone` is optional (3.2.1.12); `relation_id` is identity's and `place` where
    they live, for an insured who is not the payer (3.2.1.8, 3.2.1.13)."""

    quote: str
    insured_phone: str | None = None
    relation_id: str | None = None
    place: Place | None = None


@dataclass(frozen=True)
class PlaceOrder:
    """Turn sealed quotes into one order: one UnionPay payment for one insured or several (3.2.1.7), MAX_ITEMS at most.
    All of them or none: what stands in the way of one is told with its place in `items`, from 0, in `detail["item"]`.
    """

    payer: Payer
    items: tuple[ItemWanted, ...]
    idempotency_key: str
    channel: Channel = Channel.WECHAT_ACCOUNT


@dataclass(frozen=True)
class OrderPlaced:
    """`payment_url` is UnionPay's payment page for this order, signed; send the payer's browser there."""

    order_id: str
    payment_url: str


@dataclass(frozen=True)
class OrderOfPayer:
    """One order, named by its payer; another person's order is not found."""

    payer_id: str
    order_id: str


@dataclass(frozen=True)
class OrderItem:
    """What an order pays for one insured and one insurance type, masked; amounts in fen. `lines` oldest first: several
    for 补缴. `relation_id` as in ItemWanted. `refunds` oldest first."""

    insured_name: str
    insured_number: str
    person_number: str
    agency_name: str
    insurance_type: InsuranceType
    kind: PaymentKind
    lines: tuple[QuoteLine, ...]
    amount: int
    relation_id: str | None = None
    refunds: tuple[ItemRefund, ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(line.year for line in self.lines)


@dataclass(frozen=True)
class OrderView:
    """An order as its payer may see it; personal fields are masked, `amount` in fen.

    `failure` is the Chinese reason for failed and closed orders; `certificate_at` when the certificate can be
    queried and printed (可查询打印缴费证明的时间); `refund_case` is true while money is held that is not this
    order's, `returned_at` when such money went back.
    """

    order_id: str
    state: OrderState
    items: tuple[OrderItem, ...]
    amount: int
    channel: Channel
    payer_name: str
    created_at: dt.datetime
    expires_at: dt.datetime
    paid_at: dt.datetime | None
    certificate_at: dt.datetime | None
    failure: str | None
    refund_case: bool
    returned_at: dt.datetime | None = None


@dataclass(frozen=True)
class ListOrders:
    """The payer's latest orders, newest first."""

    payer_id: str
    limit: int = 20


@dataclass(frozen=True)
class Orders:
    """Newest first."""

    orders: tuple[OrderView, ...]


place_order = Method(
    "payment", "place_order", PlaceOrder, OrderPlaced,
    errors=(
        QuoteForged, QuoteExpired, QuoteUsed, ItemRepeated, TooManyItems, IdempotencyConflict, LiveOrderExists,
    ),
    command=True,
)  # fmt: skip
get_order = Method("payment", "get_order", OrderOfPayer, OrderView, errors=(OrderNotFound,))
list_orders = Method("payment", "list_orders", ListOrders, Orders)
resume_payment = Method(
    "payment", "resume_payment", OrderOfPayer, OrderPlaced, errors=(OrderNotFound, OrderNotPayable)
)
check_order = Method("payment", "check_order", OrderOfPayer, OrderView, errors=(OrderNotFound,), command=True)
close_order = Method(
    "payment", "close_order", OrderOfPayer, OrderView,
    errors=(OrderNotFound, OrderNotPayable, CloseNotConfirmed), deadline=10.0, command=True,
)  # fmt: skip


@dataclass(frozen=True)
class Contribution:
    """One paid or unpaid contribution of one insured as reminders show it (3.2.1.12): masked person, `amount` in fen.

    `social_number` is 社保编号; `years` oldest first, several for 补缴; `relation_id` as in ItemWanted. Phones are
    full, because a reminder is sent to them; both are optional. `payer_id` is identity's and counts only in our own
    events, `external` only in other systems'.
    """

    insured_name: str
    insured_number: str
    social_number: str
    agency_code: str
    agency_name: str
    insurance_type: InsuranceType
    kind: PaymentKind
    years: tuple[int, ...]
    tier_label: str
    amount: int
    channel: Channel
    operator_name: str
    payer_phone: str | None = None
    insured_phone: str | None = None
    relation_id: str | None = None
    external: ExternalContribution | None = None
    payer_id: str | None = None


@dataclass(frozen=True)
class OrderPlacedEvent(EventData):
    """An order was committed; nothing is paid yet."""

    type: ClassVar[str] = "order.placed.v1"
    order_id: str
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class PaymentSucceeded(EventData):
    """UnionPay says the contribution is paid. An order for several insured has one such event for each."""

    type: ClassVar[str] = "payment.succeeded.v1"
    order_id: str
    contribution: Contribution
    paid_at: dt.datetime
    certificate_at: dt.datetime


@dataclass(frozen=True)
class PaymentFailed(EventData):
    """The contribution is not paid and this order will never be, one event per insured. What was paid wrongly is on its
    way back: the reason says so.

    `reason` and `advice` are Chinese texts a person reads; `reason_code` is for programs.
    """

    type: ClassVar[str] = "payment.failed.v1"
    order_id: str
    contribution: Contribution
    failed_at: dt.datetime
    reason_code: str
    reason: str
    advice: str
