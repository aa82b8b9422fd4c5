"""What others see of an order: its payer, and whoever hears its events. Personal fields are masked here."""

from __future__ import annotations

import datetime as dt

from contract.paid import PaidContribution
from contract.payment import (
    Contribution,
    OrderItem,
    OrderPlacedEvent,
    OrderState,
    OrderView,
    PaymentFailed,
    PaymentSucceeded,
)
from contract.refunded import ItemRefund
from contract.refunds import PaymentRefunded, PaymentReturned, RefundedItem, RefundView
from kit.masking import mask_name, mask_number
from services.payment.config import Config
from services.payment.domain import failures, refunds
from services.payment.domain import orders as domain
from services.payment.domain.orders import Item, Order, Report
from services.payment.domain.refunds import Refund, RefundStatus


def contribution_of(order: Order, item: Item) -> Contribution:
    """One item of an order as events and reminders tell it."""
    return Contribution(
        insured_name=mask_name(item.insured.name), insured_number=mask_number(item.insured.document_number),
        social_number=item.person_number, agency_code=item.agency_code, agency_name=item.agency_name,
        insurance_type=item.insurance_type, kind=item.kind, years=item.years, tier_label=item.tier_label,
        amount=item.amount, channel=order.channel, operator_name=mask_name(order.payer_name),
        payer_phone=order.payer_phone, insured_phone=item.insured_phone, relation_id=item.relation_id,
        payer_id=order.payer_id,
    )  # fmt: skip


def paid_contributions(order: Order) -> list[PaidContribution]:
    """The lines of a paid order as whoever names their insured may see them: neither the insured nor the payer is in
    them."""
    assert order.paid_at is not None, "it is paid"
    return [
        PaidContribution(
            item.insurance_type, line.year, line.amount, item.agency_code, item.agency_name, item.person_number,
            order.channel, order.paid_at,
        )
        for item in order.items
        for line in item.lines
    ]  # fmt: skip


def placed(order: Order) -> OrderPlacedEvent:
    """The event of a new order."""
    return OrderPlacedEvent(order.order_id, tuple(contribution_of(order, item) for item in order.items))


def succeeded(order: Order, item: Item, report: Report, config: Config) -> PaymentSucceeded:
    """The event of an item of a paid order."""
    assert report.paid_at is not None, "UnionPay says when"
    certificate_at = report.paid_at + dt.timedelta(seconds=config.certificate_after)
    return PaymentSucceeded(order.order_id, contribution_of(order, item), report.paid_at, certificate_at)


def failed(order: Order, item: Item, report: Report, now: dt.datetime) -> PaymentFailed:
    """The event of an item of an order that will never be paid."""
    failure = failures.failure(report.failure_code)
    return PaymentFailed(
        order.order_id,
        contribution_of(order, item),
        now,
        report.failure_code or "closed",
        failure.reason,
        failure.advice,
    )


def view_of(order: Order, config: Config) -> OrderView:
    """An order as its payer sees it."""
    unpaid = order.state in (OrderState.FAILED, OrderState.CLOSED)
    return OrderView(
        order_id=order.order_id, state=order.state, items=tuple(_item_of(item) for item in order.items),
        amount=order.amount, channel=order.channel, payer_name=mask_name(order.payer_name),
        created_at=order.created_at, expires_at=order.expires_at, paid_at=order.paid_at,
        certificate_at=order.paid_at and order.paid_at + dt.timedelta(seconds=config.certificate_after),
        failure=_failure_of(order) if unpaid else None, refund_case=order.refund_due, returned_at=order.returned_at,
    )  # fmt: skip


def _failure_of(order: Order) -> str:
    """Why it is not paid; where its payer's money is comes first."""
    if order.refund_due:
        return failures.PENDING_REFUND
    return failures.RETURNED if order.returned_at else failures.failure(order.failure_code).reason


def _item_of(item: Item) -> OrderItem:
    return OrderItem(
        insured_name=mask_name(item.insured.name), insured_number=mask_number(item.insured.document_number),
        person_number=item.person_number, agency_name=item.agency_name, insurance_type=item.insurance_type,
        kind=item.kind, lines=item.lines, amount=item.amount, relation_id=item.relation_id,
        refunds=tuple(_refund_of(item, refund) for refund in item.refunds),
    )  # fmt: skip


def _refund_of(item: Item, refund: domain.ItemRefund) -> ItemRefund:
    part = item.part(refund.lines)
    return ItemRefund(part.years, part.amount, refund.requested_at, refund.refunded_at, refund.held_up)


def refund_view(order: Order, refund: Refund) -> RefundView:
    """A refund as staff see it."""
    items = tuple(
        RefundedItem(
            mask_name(part.insured.name), mask_number(part.insured.document_number), part.person_number,
            part.insurance_type, part.years, part.amount,
        )
        for part in refunds.parts_of(order, refund)
    )  # fmt: skip
    return RefundView(
        refund_id=refund.refund_id, order_id=refund.order_id, refund_number=refund.refund_order_id,
        state=refund.state, origin=refund.origin, operator_name=refund.operator_name, reason=refund.reason,
        amount=refund.amount, items=items, requested_at=refund.created_at, next_action_at=refund.next_action_at,
        refunded_at=refund.refunded_at,
        failure=None if refund.failure is None else refunds.FAILURES[RefundStatus(refund.failure)],
    )  # fmt: skip


def refunded(order: Order, part: Item, refund: Refund) -> PaymentRefunded:
    """The event of an item whose money, or a part of it, went back."""
    assert order.paid_at is not None, "only what was paid is refunded"
    assert refund.refunded_at is not None, "UnionPay has said so"
    return PaymentRefunded(
        order.order_id, refund.refund_id, contribution_of(order, part), order.paid_at, refund.created_at,
        refund.refunded_at,
    )  # fmt: skip


def returned(order: Order, refund: Refund, paid_at: dt.datetime) -> PaymentReturned:
    """The event of money that was not the order's and went back."""
    assert refund.case is not None, "it is a refund case's"
    assert refund.refunded_at is not None, "UnionPay has said so"
    return PaymentReturned(
        order_id=order.order_id, refund_id=refund.refund_id, amount=refund.amount, reason_code=refund.case.value,
        reason=refunds.CASE_REASONS[refund.case], operator_name=mask_name(order.payer_name), paid_at=paid_at,
        returned_at=refund.refunded_at, payer_phone=order.payer_phone, payer_id=order.payer_id,
    )  # fmt: skip
