"""What staff may see and do, held to the pooling level they work for (docs/adr/0026, 0027).

What lies beyond it is not found, as a stranger's is not. The acts themselves are those of refunding and of
reconciliation; here is only whose they may be.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from contract.audit import Act, Action
from contract.audit import staff as by_staff
from contract.insurance import Channel
from contract.payment import OrderNotFound
from contract.payment_desk import (
    PURPOSE,
    ChannelTotal,
    DayTotals,
    FindOrders,
    ListPaymentKeys,
    OrderSeen,
    OrdersFound,
    PaymentKey,
    PaymentKeys,
    PlaceTotal,
    PurposeMissing,
    SearchTooWide,
    TotalDay,
)
from contract.refunds import (
    ListRefunds,
    Operator,
    RefundNamed,
    RefundNotFound,
    Refunds,
    RefundView,
    RequestRefund,
    RetryRefund,
)
from contract.staff import PROVINCE, NotOfThisLevel, Staff, reach_of
from kit.masking import mask_phone
from services.payment.config import Config
from services.payment.domain.orders import Order
from services.payment.usecases import refunding, views
from services.payment.usecases.wiring import Wiring

MOST_FOUND = 20
MOST_REFUNDS = 20
_TAIL = 4
_CITY, _COUNTY = 4, 6

_log = logging.getLogger(__name__)


def total_day(request: TotalDay, staff: Staff, w: Wiring, desk: Any) -> DayTotals:
    """What was paid on a day within the level: by city for the province, by county below."""
    reach = reach_of(staff.pooling_code)
    with w.database.read() as connection:
        places = desk.by_place(connection, request.day, reach, _COUNTY if reach else _CITY)
        channels = desk.by_channel(connection, request.day, reach)
    return DayTotals(
        tuple(PlaceTotal(*one) for one in places),
        tuple(ChannelTotal(Channel(channel), *rest) for channel, *rest in channels),
    )


def find_orders(request: FindOrders, staff: Staff, w: Wiring, desk: Any) -> OrdersFound:
    """Orders by number, or by name and end of number. Every search is recorded with its purpose, also one that finds
    nothing. Raises PurposeMissing, SearchTooWide."""
    purpose, number, name = request.purpose.strip(), request.number.strip(), request.name.strip()
    tail, phone = request.document_tail.strip(), request.phone_tail.strip()
    if len(purpose) not in PURPOSE:
        raise PurposeMissing(field="purpose")
    if not number and not (name and len(tail) == _TAIL):
        raise SearchTooWide(field="number")
    reach = reach_of(staff.pooling_code)
    with w.database.transaction() as tx:
        found = desk.numbered(tx, number, reach) if number else desk.hinted(tx, name, tail, reach, MOST_FOUND)
        found = [order for order in found if order.payer_phone.endswith(phone)]
        by = "number" if number else "hint"
        told = Act(
            by_staff(staff.account), Action.PERSON_QUERIED, f"order:{found[0].order_id}" if found else "",
            purpose=purpose, detail={"by": by, "found": len(found), "orders": " ".join(one.order_id for one in found)},
        )  # fmt: skip
        w.journal.add(tx, told, w.clock.now())
        return OrdersFound(tuple(_seen(tx, order, w) for order in found))


def list_refunds(request: ListRefunds, staff: Staff, w: Wiring) -> Refunds:
    """The newest refunds of the level."""
    return refunding.list_refunds(request, w, reach_of(staff.pooling_code))


def get_refund(request: RefundNamed, staff: Staff, w: Wiring) -> RefundView:
    """One refund of the level. Raises RefundNotFound."""
    refund = refunding.get_refund(request, w)
    _order_within(refund.order_id, staff, w, RefundNotFound())
    return refund


def request_refund(request: RequestRefund, staff: Staff, w: Wiring) -> RefundView:
    """Begin a refund of an order of the level, as whoever the seal names. Raises as refunding.request_refund."""
    _order_within(request.order_id, staff, w, OrderNotFound())
    return refunding.request_refund(replace(request, operator=operator_of(staff)), w)


def retry_refund(request: RetryRefund, staff: Staff, w: Wiring) -> RefundView:
    """Try a failed refund of the level again. Raises RefundNotFound, RefundNotRetryable."""
    get_refund(RefundNamed(request.refund_id), staff, w)
    return refunding.retry_refund(replace(request, operator=operator_of(staff)), w)


def list_payment_keys(request: ListPaymentKeys, config: Config) -> PaymentKeys:
    """The keys between UnionPay and us, and when they must have been replaced."""
    notifies = PaymentKey(
        "银联支付结果通知验签密钥", len(config.unionpay_communication_keys), config.key_expires
    )
    if not config.unionpay_app_key:
        return PaymentKeys((notifies,))
    return PaymentKeys((PaymentKey("银联开放平台应用密钥", 1, config.key_expires), notifies))


def operator_of(staff: Staff) -> Operator:
    """Who is named in a refund's rows."""
    return Operator(staff.account, staff.name)


def check_province(staff: Staff) -> None:
    """What is of all places at once is the province's. Raises NotOfThisLevel."""
    if staff.pooling_code != PROVINCE:
        raise NotOfThisLevel()


def reaches_order(order: Order | None, staff: Staff) -> bool:
    """Whether all of an order lies in the level; what is no order of ours is the province's."""
    if order is None:
        return staff.pooling_code == PROVINCE
    return all(staff.reaches(item.agency_code) for item in order.items)


def _order_within(order_id: str, staff: Staff, w: Wiring, missing: Exception) -> None:
    with w.database.read() as connection:
        order: Order | None = w.orders.get(connection, order_id)
    if order is None or not reaches_order(order, staff):
        _log.warning("an order of another pooling level was asked for", extra={"order_id": order_id})
        raise missing


def _seen(tx: Any, order: Order, w: Wiring) -> OrderSeen:
    view = views.view_of(order, w.config)
    refunds = w.refunds.latest(tx, order.order_id, None, MOST_REFUNDS)
    return OrderSeen(
        order.order_id, order.mer_order_id, order.state, order.amount, order.channel, view.payer_name,
        mask_phone(order.payer_phone), order.created_at, order.paid_at, view.failure, view.items,
        tuple(views.refund_view(order, refund) for refund in refunds),
    )  # fmt: skip
