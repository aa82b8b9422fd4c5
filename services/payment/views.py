"""What others see of an order: its payer, and whoever hears its events. Personal fields are masked here."""

from __future__ import annotations

import datetime as dt

from contract.payment import (
    Contribution,
    OrderState,
    OrderView,
    PaidContribution,
    PaymentFailed,
    PaymentSucceeded,
)
from kit.masking import mask_name, mask_number
from services.payment import domain
from services.payment.config import Config
from services.payment.domain import Order, Report


def contribution_of(order: Order) -> Contribution:
    """An order as events and reminders tell it."""
    return Contribution(
        insured_name=mask_name(order.insured.name), insured_number=mask_number(order.insured.document_number),
        social_number=order.person_number, agency_code=order.agency_code, agency_name=order.agency_name,
        insurance_type=order.insurance_type, year=order.year, tier_label=order.tier_label, amount=order.amount,
        channel=order.channel, operator_name=mask_name(order.payer_name), payer_phone=order.payer_phone,
        insured_phone=order.insured_phone, relation_id=order.relation_id,
    )  # fmt: skip


def paid_contribution(order: Order) -> PaidContribution:
    """A paid order as whoever names its insured may see it: neither the insured nor the payer is in it."""
    assert order.paid_at is not None, "it is paid"
    return PaidContribution(
        order.insurance_type, order.year, order.amount, order.agency_code, order.agency_name,
        order.person_number, order.channel, order.paid_at,
    )  # fmt: skip


def succeeded(order: Order, report: Report, config: Config) -> PaymentSucceeded:
    """The event of a paid order."""
    assert report.paid_at is not None, "UnionPay says when"
    certificate_at = report.paid_at + dt.timedelta(seconds=config.certificate_after)
    return PaymentSucceeded(order.order_id, contribution_of(order), report.paid_at, certificate_at)


def failed(order: Order, report: Report, now: dt.datetime) -> PaymentFailed:
    """The event of an order that will never be paid."""
    failure = domain.failure(report.failure_code)
    return PaymentFailed(
        order.order_id,
        contribution_of(order),
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
        order_id=order.order_id, state=order.state, insured_name=mask_name(order.insured.name),
        insured_number=mask_number(order.insured.document_number), person_number=order.person_number,
        agency_name=order.agency_name, insurance_type=order.insurance_type, year=order.year,
        tier_label=order.tier_label, amount=order.amount, channel=order.channel,
        payer_name=mask_name(order.payer_name), created_at=order.created_at, expires_at=order.expires_at,
        paid_at=order.paid_at,
        certificate_at=order.paid_at and order.paid_at + dt.timedelta(seconds=config.certificate_after),
        failure=domain.PENDING_REFUND if unpaid and order.refund_due else text, refund_case=order.refund_due,
        relation_id=order.relation_id,
    )  # fmt: skip
