"""An order as rows: one of orders, and one of order_lines for each line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from contract import schema
from contract.insurance import Channel, InsuranceType, PayerKind, PaymentKind
from contract.payment import OrderState
from contract.people import DocumentType, Person
from contract.places import Place
from contract.quote import QuoteLine
from contract.refunds import RefundState
from services.payment.domain.orders import LIVE, Item, ItemRefund, Order
from services.payment.models import LINE_SEAL, ORDER_SEAL, order_lines, orders, refund_lines, refunds

BROKEN = b""
_NOT_READ = {"order_id", "amount", "live", "insured_index", "insured_hint", "place_code", "seal"}
SAME_LINE = and_(*(refund_lines.c[name] == order_lines.c[name] for name in ("order_id", "item", "line")))
"""How a line finds the refund that has it."""
WITH_LINES = (
    select(
        orders,
        *(column for column in order_lines.c if column.name not in _NOT_READ),
        order_lines.c.amount.label("line_amount"),
        refunds.c.refund_id,
        refunds.c.created_at.label("refund_requested_at"),
        refunds.c.refunded_at,
        refunds.c.state.label("refund_state"),
    )
    .join(order_lines, order_lines.c.order_id == orders.c.order_id)
    .outerjoin(refund_lines, SAME_LINE)
    .outerjoin(refunds, refunds.c.refund_id == refund_lines.c.refund_id)
)
"""Orders as `orders_of` reads them; the caller keeps the lines of one order together, by IN_ORDER."""

IN_ORDER = (orders.c.order_id, order_lines.c.item, order_lines.c.line)


def within(reach: str) -> ColumnElement[bool]:
    """Orders all of whose agencies have codes that begin so: those of a pooling level and of the levels below it."""
    beyond = select(order_lines.c.order_id).where(
        order_lines.c.order_id == orders.c.order_id,
        ~order_lines.c.agency_code.startswith(reach, autoescape=True),
    )
    return ~beyond.exists()


def hint_of(name: str, document_number: str) -> str:
    """By what staff find an insured who cannot name the order: the name and the last four characters of the number."""
    return f"{name}\0{document_number[-4:].upper()}"


def order_row(order: Order) -> dict[str, Any]:
    """The row of an order, sealed; with a seal that never holds where the order was not whole."""
    row = {
        "order_id": order.order_id, "mer_order_id": order.mer_order_id, "payer_id": order.payer_id,
        "payer_name": order.payer_name, "payer_phone": order.payer_phone,
        "idempotency_key": order.idempotency_key, "body_hash": order.body_hash, "amount": order.amount,
        "channel": order.channel.value, "state": order.state.value, "created_at": order.created_at,
        "expires_at": order.expires_at, "next_action_at": order.next_action_at, "attempts": order.attempts,
        "paid_at": order.paid_at, "transaction_id": order.transaction_id, "failure_code": order.failure_code,
        "mid": order.mid, "tid": order.tid, "inst_mid": order.inst_mid,
    }  # fmt: skip
    return ORDER_SEAL.onto(row) if order.whole else row | {"seal": BROKEN}


def line_rows(order: Order) -> list[dict[str, Any]]:
    """The rows of its lines, sealed, by what they pay for: two orders that want the same of several insured would
    otherwise each wait for the other."""
    rows = [
        _line_row(order, number, item, line)
        | {
            "insured_index": document,
            "insured_hint": hint_of(item.insured.name, item.insured.document_number),
        }
        for number, item in enumerate(order.items)
        for line, (document, _, _) in enumerate(item.subjects)
    ]
    return sorted(rows, key=lambda row: (row["insured_index"], row["insurance_type"], row["year"]))


def _line_row(order: Order, number: int, item: Item, line: int) -> dict[str, Any]:
    paid = item.lines[line]
    row = {
        "order_id": order.order_id, "item": number, "line": line, "quote_id": item.quote_id,
        "insured_type": item.insured.document_type.value, "insured_number": item.insured.document_number,
        "insured_name": item.insured.name, "insured_phone": item.insured_phone, "relation_id": item.relation_id,
        "place": None if item.place is None else schema.dump(item.place),
        "place_code": "" if item.place is None else item.place.code,
        "registration_number": item.registration_number, "payer_kind": item.payer_kind.value,
        "insurance_type": item.insurance_type.value, "kind": item.kind.value, "agency_code": item.agency_code,
        "agency_name": item.agency_name, "person_number": item.person_number, "product_code": item.product_code,
        "year": paid.year, "tier_label": paid.tier_label, "amount": paid.amount, "live": order.state in LIVE,
    }  # fmt: skip
    return LINE_SEAL.onto(row)


def orders_of(rows: Iterable[Row[Any]]) -> list[Order]:
    """The orders of rows of WITH_LINES."""
    return [_order(list(lines)) for _, lines in groupby(rows, key=lambda row: row.order_id)]


def _order(rows: Sequence[Row[Any]]) -> Order:
    row = rows[0]
    items = tuple(_item(list(lines)) for _, lines in groupby(rows, key=lambda row: row.item))
    return Order(
        order_id=row.order_id, mer_order_id=row.mer_order_id, payer_id=row.payer_id, payer_name=row.payer_name,
        payer_phone=row.payer_phone, idempotency_key=row.idempotency_key, body_hash=row.body_hash, items=items,
        amount=row.amount, channel=Channel(row.channel), state=OrderState(row.state), created_at=row.created_at,
        expires_at=row.expires_at, next_action_at=row.next_action_at, attempts=row.attempts, paid_at=row.paid_at,
        transaction_id=row.transaction_id, failure_code=row.failure_code, refund_due=row.refund_due,
        returned_at=row.returned_at, mid=row.mid, tid=row.tid, inst_mid=row.inst_mid,
        whole=row.seal is None or ORDER_SEAL.holds(dict(row._mapping)),
    )  # fmt: skip


def _item(rows: Sequence[Row[Any]]) -> Item:
    row = rows[0]
    return Item(
        quote_id=row.quote_id, insured=Person(DocumentType(row.insured_type), row.insured_number, row.insured_name),
        insured_phone=row.insured_phone, registration_number=row.registration_number,
        payer_kind=PayerKind(row.payer_kind), insurance_type=InsuranceType(row.insurance_type),
        kind=PaymentKind(row.kind), agency_code=row.agency_code, agency_name=row.agency_name,
        person_number=row.person_number, product_code=row.product_code,
        lines=tuple(QuoteLine(line.year, line.tier_label, line.line_amount) for line in rows),
        relation_id=row.relation_id, place=None if row.place is None else schema.load(Place, row.place),
        refunds=_refunds(rows),
    )  # fmt: skip


def _refunds(rows: Sequence[Row[Any]]) -> tuple[ItemRefund, ...]:
    """The refunds that lines of an item are in, oldest first."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.refund_id is not None:
            places.setdefault(row.refund_id, []).append(place)
    found = [
        ItemRefund(
            refund_id, tuple(lines), rows[lines[0]].refund_requested_at, rows[lines[0]].refunded_at,
            rows[lines[0]].refund_state == RefundState.FAILED.value,
        )
        for refund_id, lines in places.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda refund: (refund.requested_at, refund.lines)))
