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
from kit.masking import mask_name, mask_number
from services.payment import domain
from services.payment.config import Config
from services.payment.domain import Item, Order, Report


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
    failure = domain.failure(report.failure_code)
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
    text = domain.failure(order.failure_code).reason if unpaid else None
    return OrderView(
        order_id=order.order_id, state=order.state, items=tuple(_item_of(item) for item in order.items),
        amount=order.amount, channel=order.channel, payer_name=mask_name(order.payer_name),
        created_at=order.created_at, expires_at=order.expires_at, paid_at=order.paid_at,
        certificate_at=order.paid_at and order.paid_at + dt.timedelta(seconds=config.certificate_after),
        failure=domain.PENDING_REFUND if unpaid and order.refund_due else text, refund_case=order.refund_due,
    )  # fmt: skip


def _item_of(item: Item) -> OrderItem:
    return OrderItem(
        insured_name=mask_name(item.insured.name), insured_number=mask_number(item.insured.document_number),
        person_number=item.person_number, agency_name=item.agency_name, insurance_type=item.insurance_type,
        kind=item.kind, lines=item.lines, amount=item.amount, relation_id=item.relation_id,
    )  # fmt: skip
