"""Refunds (requirement 3.2.1.12(3)): what staff and the tax core ask for, and what is announced. Served by payment."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import ClassVar

from contract.errors import Conflict, InvalidInput, NotFound, Refused
from contract.events import EventData
from contract.insurance import InsuranceType
from contract.payment import Contribution, IdempotencyConflict, OrderNotFound
from contract.rpc import Method


class RefundState(enum.StrEnum):
    """States of a refund. Only UnionPay's own word ends one; a failed one waits for staff."""

    REQUESTED = "requested"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    REFUNDED = "refunded"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {
            "requested": "待提交", "submitted": "银联处理中", "unknown": "待银联确认", "refunded": "已退费",
            "failed": "退费失败，待人工处理",
        }[self.value]  # fmt: skip


class RefundOrigin(enum.StrEnum):
    """Who wants it: staff, the tax core, or we ourselves because the money is not the order's (design.md §5 rule 5)."""

    STAFF = "staff"
    TAX_CORE = "tax_core"
    CASE = "case"

    @property
    def label(self) -> str:
        return {"staff": "工作人员", "tax_core": "社保征收子系统", "case": "系统自动退回"}[self.value]


class RefundNotFound(NotFound):
    """No such refund."""

    code = "refund_not_found"
    text = "没有找到这笔退费。"


class OrderNotRefundable(Refused):
    """The order is not paid: there is nothing of it to give back."""

    code = "order_not_refundable"
    text = "这笔缴费没有处于已缴费状态，不能退费。"


class PartNotFound(InvalidInput):
    """The order pays nothing of what is named."""

    code = "refund_part_not_found"
    text = "这笔缴费中没有所指定的社保编号、险种或年度，请核对后重新提交。"


class PartRefunded(Conflict):
    """All or some of what is named is refunded already, or is being refunded."""

    code = "refund_part_refunded"
    text = "所指定的缴费已经退费或正在退费，请勿重复提交。"


class RefundNotRetryable(Refused):
    """The money has gone back; there is nothing to try again."""

    code = "refund_not_retryable"
    text = "这笔退费已经完成，不需要重新提交。"


LONGEST_REASON = 60
"""Characters of a reason: UnionPay shows it on the payer's bill."""


@dataclass(frozen=True)
class Operator:
    """A member of staff, or the tax core's."""

    operator_id: str
    name: str


@dataclass(frozen=True)
class RefundPart:
    """What an order pays for one 社保编号 and insurance type: all its years, or some. It names no amount, because that
    is computed from the order's own lines."""

    person_number: str
    insurance_type: InsuranceType
    years: tuple[int, ...] = ()


@dataclass(frozen=True)
class RequestRefund:
    """Give the money of an order back: of all that is still paid, or of these parts. `reason` is Chinese, at most
    LONGEST_REASON, names nobody, and is shown on the payer's bill."""

    operator: Operator
    order_id: str
    reason: str
    idempotency_key: str
    parts: tuple[RefundPart, ...] = ()


@dataclass(frozen=True)
class RefundNamed:
    """One refund."""

    refund_id: str


@dataclass(frozen=True)
class RetryRefund:
    """Try a failed refund again."""

    operator: Operator
    refund_id: str


@dataclass(frozen=True)
class ListRefunds:
    """The newest refunds, of one order or in one state if named."""

    order_id: str | None = None
    state: RefundState | None = None
    limit: int = 50


@dataclass(frozen=True)
class RefundedItem:
    """What a refund gives back of one item, masked; `amount` in fen."""

    insured_name: str
    insured_number: str
    person_number: str
    insurance_type: InsuranceType
    years: tuple[int, ...]
    amount: int


@dataclass(frozen=True)
class RefundView:
    """A refund as staff see it; `amount` in fen; `refund_number` is UnionPay's refundOrderId.

    `items` is empty for money that is not the order's. `failure` is the Chinese reason of a failed one;
    `next_action_at` is when it is looked at next.
    """

    refund_id: str
    order_id: str
    refund_number: str
    state: RefundState
    origin: RefundOrigin
    operator_name: str
    reason: str
    amount: int
    items: tuple[RefundedItem, ...]
    requested_at: dt.datetime
    next_action_at: dt.datetime | None
    refunded_at: dt.datetime | None
    failure: str | None


@dataclass(frozen=True)
class Refunds:
    """Newest first."""

    refunds: tuple[RefundView, ...]


request_refund = Method(
    "payment", "request_refund", RequestRefund, RefundView,
    errors=(InvalidInput, OrderNotFound, OrderNotRefundable, PartNotFound, PartRefunded, IdempotencyConflict),
    command=True,
)  # fmt: skip
get_refund = Method("payment", "get_refund", RefundNamed, RefundView, errors=(RefundNotFound,))
list_refunds = Method("payment", "list_refunds", ListRefunds, Refunds)
retry_refund = Method(
    "payment", "retry_refund", RetryRefund, RefundView, errors=(RefundNotFound, RefundNotRetryable),
    command=True,
)  # fmt: skip


@dataclass(frozen=True)
class RefundRequested(EventData):
    """The tax core wants an order's contributions given back, all or these parts. `order_number` is UnionPay's
    merOrderId, by which the tax side knows the order; `request_id` the tax core's own number of the request: under the
    same one nothing is given back twice. The rest as in RequestRefund."""

    type: ClassVar[str] = "contribution.refund_requested.v1"
    request_id: str
    order_number: str
    operator: Operator
    reason: str
    parts: tuple[RefundPart, ...] = ()


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


@dataclass(frozen=True)
class PaymentReturned(EventData):
    """UnionPay says that money which was not the order's is on its way back: paid late, twice or with another amount.

    No contribution is refunded by it. `reason` is Chinese, `reason_code` for programs; `amount` is in fen, the name
    masked, `payer_id` identity's.
    """

    type: ClassVar[str] = "payment.returned.v1"
    order_id: str
    refund_id: str
    amount: int
    reason_code: str
    reason: str
    operator_name: str
    paid_at: dt.datetime
    returned_at: dt.datetime
    payer_phone: str | None = None
    payer_id: str | None = None
