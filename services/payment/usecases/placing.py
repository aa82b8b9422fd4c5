"""From sealed quotes to the order they become, and from what is asked for to a refund; nothing here is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace

from contract import schema
from contract.payment import MAX_ITEMS, ItemWanted, OrderState, PlaceOrder, QuoteForged, TooManyItems
from contract.places import Place
from contract.quote import Quote
from contract.refunds import RefundOrigin, RequestRefund
from kit.clock import china
from kit.crypto import KeyRing, Unreadable
from services.payment.config import Config
from services.payment.domain import orders as domain
from services.payment.domain import refunds
from services.payment.domain.orders import Item, Order, RefundReason, Report
from services.payment.domain.refunds import Refund


def open_quotes(request: PlaceOrder, seal: KeyRing) -> list[Quote]:
    """What contribution sealed, in the order of the items. Raises TooManyItems before it opens any, QuoteForged."""
    if len(request.items) > MAX_ITEMS:
        raise TooManyItems()
    return [_open_quote(wanted.quote, place, seal) for place, wanted in enumerate(request.items)]


def _open_quote(token: str, place: int, seal: KeyRing) -> Quote:
    try:
        quote = schema.load(Quote, json.loads(seal.open_text(token, "quote")))
    except (Unreadable, ValueError):
        raise QuoteForged(item=place) from None
    if not quote.lines:
        raise QuoteForged(item=place)
    return quote


def new_order(request: PlaceOrder, quotes: Sequence[Quote], config: Config, now: dt.datetime) -> Order:
    """The order that quotes become; its amounts are theirs."""
    items = tuple(_new_item(wanted, quote) for wanted, quote in zip(request.items, quotes, strict=True))
    merchant = config.merchants.of_all((quote.agency_code, quote.division_code) for quote in quotes)
    order = Order(
        order_id=str(uuid.uuid4()), mer_order_id=unionpay_number(config.unionpay_source_number, now),
        payer_id=request.payer.person_id, payer_name=request.payer.name, payer_phone=request.payer.phone,
        idempotency_key=request.idempotency_key, body_hash=_body_hash(request), items=items,
        amount=sum(item.amount for item in items), channel=request.channel, state=OrderState.PLACED,
        created_at=now, expires_at=now + dt.timedelta(seconds=config.order_valid_for), next_action_at=None,
        mid=merchant.mid, tid=merchant.tid, inst_mid=config.unionpay_inst_mid,
    )  # fmt: skip
    return replace(order, next_action_at=domain.next_look(order, now))


def _new_item(wanted: ItemWanted, quote: Quote) -> Item:
    return Item(
        quote_id=quote.quote_id, insured=quote.insured, insured_phone=wanted.insured_phone or None,
        registration_number=quote.registration_number, payer_kind=quote.payer_kind,
        insurance_type=quote.insurance_type, kind=quote.kind, agency_code=quote.agency_code,
        agency_name=quote.agency_name, person_number=quote.person_number, product_code=quote.product_code,
        lines=quote.lines, relation_id=wanted.relation_id or None, place=wanted.place,
    )  # fmt: skip


def _body_hash(request: PlaceOrder) -> str:
    """What a repeat must say again: everything but who asks, which is a part of the key."""
    parts = [request.channel.value]
    for wanted in request.items:
        parts += [wanted.quote, wanted.insured_phone or "", wanted.relation_id or ""]
        parts += [part for level in (wanted.place or Place()).levels for part in (level.code, level.name)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def new_refund(
    order: Order, request: RequestRefund, origin: RefundOrigin, config: Config, now: dt.datetime
) -> Refund:
    """The refund that staff or the tax core ask for: its amount is that of the lines. Raises PartNotFound,
    PartRefunded."""
    lines = refunds.chosen(order, request.parts)
    return Refund(
        refund_id=str(uuid.uuid4()), order_id=order.order_id,
        refund_order_id=unionpay_number(config.unionpay_source_number, now),
        transaction_id=order.transaction_id or "", amount=refunds.amount_of(order, lines), reason=request.reason,
        origin=origin, operator_id=request.operator.operator_id, operator_name=request.operator.name,
        idempotency_key=request.idempotency_key, body_hash=refund_hash(request), created_at=now,
        next_action_at=now, lines=lines,
    )  # fmt: skip


def new_return(order: Order, case: RefundReason, report: Report, config: Config, now: dt.datetime) -> Refund:
    """The refund of money that is not the order's. It begins at once and by itself, once for a transaction."""
    return Refund(
        refund_id=str(uuid.uuid4()), order_id=order.order_id,
        refund_order_id=unionpay_number(config.unionpay_source_number, now),
        transaction_id=report.transaction_id, amount=report.amount, reason=refunds.CASE_REASONS[case],
        origin=RefundOrigin.CASE, operator_id="", operator_name="",
        idempotency_key=f"{order.order_id}:{report.transaction_id}", body_hash="", created_at=now,
        next_action_at=now, case=case,
    )  # fmt: skip


def refund_hash(request: RequestRefund) -> str:
    """What a repeat must say again: all but the operator's name and the key."""
    parts = [request.order_id, request.operator.operator_id, request.reason]
    for part in request.parts:
        parts += [part.person_number, part.insurance_type.value, *map(str, sorted(part.years)), ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def unionpay_number(source_number: str, now: dt.datetime) -> str:
    """A new merOrderId or refundOrderId: source number, local time to the millisecond, six random digits: 27 characters
    (protocols.md §1: < 28)."""
    stamp = china(now).strftime("%Y%m%d%H%M%S%f")[:17]
    return f"{source_number}{stamp}{secrets.randbelow(10**6):06d}"
