"""What staff see of payments besides refunds and reconciliation's own methods. Served by payment.

Everything is of the pooling level of who asks and of those below: a payment belongs to the lowest level that reaches
all of its agencies.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import InvalidInput
from contract.insurance import Channel
from contract.payment import OrderItem, OrderState
from contract.reconciliation import BreakNotFound, BreakView
from contract.refunds import RefundView
from contract.rpc import Method
from contract.staff import NotOfThisLevel

PURPOSE = range(4, 201)
"""How many characters a purpose has."""


class PurposeMissing(InvalidInput):
    """Whoever looks a person up says what for, and it is recorded."""

    code = "purpose_missing"
    text = "请填写4到200个字的查询事由，查询会被记录。"


class SearchTooWide(InvalidInput):
    """Neither an order number nor name and last four characters of the document number."""

    code = "search_too_wide"
    text = "请填写缴费编号，或者同时填写姓名和证件号码后四位。"


@dataclass(frozen=True)
class TotalDay:
    """What was paid on a day (China's calendar)."""

    day: dt.date


@dataclass(frozen=True)
class PlaceTotal:
    """What was paid to the agencies whose codes begin so: cities for the province, counties for a city. `amount` in
    fen, of `lines` contributions."""

    code: str
    lines: int
    amount: int


@dataclass(frozen=True)
class ChannelTotal:
    """The same by channel."""

    channel: Channel
    lines: int
    amount: int


@dataclass(frozen=True)
class DayTotals:
    """Largest first."""

    places: tuple[PlaceTotal, ...]
    channels: tuple[ChannelTotal, ...]


@dataclass(frozen=True)
class FindOrders:
    """By our or UnionPay's number of an order, or by an insured's name with the last four characters of the document
    number and, to tell namesakes apart, of the payer's phone."""

    purpose: str
    number: str = ""
    name: str = ""
    document_tail: str = ""
    phone_tail: str = ""


@dataclass(frozen=True)
class OrderSeen:
    """An order as staff see it, masked; `amount` in fen, `mer_order_id` is UnionPay's number of it. `failure` as in
    OrderView, the payer's words; `refunds` newest first, of money that is not the order's too."""

    order_id: str
    mer_order_id: str
    state: OrderState
    amount: int
    channel: Channel
    payer_name: str
    payer_phone: str
    created_at: dt.datetime
    paid_at: dt.datetime | None
    failure: str | None
    items: tuple[OrderItem, ...]
    refunds: tuple[RefundView, ...] = ()


@dataclass(frozen=True)
class OrdersFound:
    """Newest first, 20 at most."""

    orders: tuple[OrderSeen, ...]


@dataclass(frozen=True)
class BreakNamed:
    """One break."""

    break_id: int


@dataclass(frozen=True)
class BreakLine:
    """One line of a break's history; `operator` is empty for a run. `what` and `detail` are Chinese."""

    at: dt.datetime
    operator: str
    what: str
    detail: str


@dataclass(frozen=True)
class BreakInFull:
    """A break and all that was done about it."""

    found: BreakView
    history: tuple[BreakLine, ...]


class ReportFormat(enum.StrEnum):
    """A page to print, or a table."""

    HTML = "html"
    XLSX = "xlsx"


@dataclass(frozen=True)
class ReportReconciliation:
    """The report of a day."""

    day: dt.date
    format: ReportFormat


@dataclass(frozen=True)
class ReportFile:
    """The file in base64; people in it are masked."""

    content: str


@dataclass(frozen=True)
class ListPaymentKeys:
    """The keys between UnionPay and us."""


@dataclass(frozen=True)
class PaymentKey:
    """One key, by what it is for. `expires` is what the operators have set, None where they have not."""

    title: str
    number: int
    expires: dt.date | None


@dataclass(frozen=True)
class PaymentKeys:
    """`number` counts keys that are accepted side by side."""

    keys: tuple[PaymentKey, ...]


total_day = Method("payment", "total_day", TotalDay, DayTotals)
find_orders = Method(
    "payment", "find_orders", FindOrders, OrdersFound, errors=(PurposeMissing, SearchTooWide), command=True
)
"""A command, because every search is recorded with its purpose."""
get_break = Method("payment", "get_break", BreakNamed, BreakInFull, errors=(BreakNotFound,))
report_reconciliation = Method(
    "payment",
    "report_reconciliation",
    ReportReconciliation,
    ReportFile,
    errors=(NotOfThisLevel,),
    deadline=15.0,
)
list_payment_keys = Method("payment", "list_payment_keys", ListPaymentKeys, PaymentKeys)
