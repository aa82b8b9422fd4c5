"""The only code that queries payment's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from contract.insurance import Channel, InsuranceType, PayerKind
from contract.payment import OrderState
from contract.people import DocumentType, Person
from kit.database import Writer, insert_or_ignore
from services.payment.domain import FINAL, LIVE, MIN_BETWEEN_LOOKS, Edge, Order, RefundReason, Report
from services.payment.models import notifies, order_history, orders, refund_cases

# Built once and given their values as parameters: on the paths every payment takes, building costs more than asking.
_ADD = insert(orders)
_OF_PAYER = select(orders).where(
    orders.c.order_id == bindparam("order_id"), orders.c.payer_id == bindparam("payer_id")
)
_LOCK = select(orders).where(orders.c.order_id == bindparam("order_id")).with_for_update()
_LOCK_BY_NUMBER = select(orders).where(orders.c.mer_order_id == bindparam("mer_order_id")).with_for_update()
_MOVED = ("state", "live", "attempts", "next_action_at", "paid_at", "transaction_id", "failure_code")
_MOVE = (
    update(orders)
    .where(orders.c.order_id == bindparam("moved"))
    .values({name: bindparam(name) for name in _MOVED})
)


class Blocker(NamedTuple):
    """The order that stands in a new order's way, and whose it is."""

    order: Order
    same_key: bool
    same_quote: bool


class StoredNotify(NamedTuple):
    """A genuine notify that waits to be processed."""

    digest: str
    mer_order_id: str
    raw: str
    attempts: int


class OrderStorage:
    """Orders, their history, notifies and refund cases."""

    def add(self, tx: Writer, order: Order) -> None:
        """Insert a new order; a Duplicate says that its key, quote or insured person already has one."""
        tx.execute(_ADD, row_of(order))

    def blocker(self, tx: Connection, order: Order) -> Blocker | None:
        """Why `add` refused: the same key before the same quote before another live order."""
        same_key = (orders.c.payer_id == order.payer_id) & (orders.c.idempotency_key == order.idempotency_key)
        same_quote = orders.c.quote_id == order.quote_id
        same_person = (
            (orders.c.insured_index == _insured_key(order.insured))
            & (orders.c.insurance_type == order.insurance_type.value)
            & (orders.c.year == order.year)
            & orders.c.live
        )
        for condition in (same_key, same_quote, same_person):
            if row := tx.execute(select(orders).where(condition)).first():
                return Blocker(_order(row), condition is same_key, condition is same_quote)
        return None

    def find(self, tx: Connection, order_id: str, payer_id: str) -> Order | None:
        """An order of this payer."""
        return _maybe(tx.execute(_OF_PAYER, {"order_id": order_id, "payer_id": payer_id}).first())

    def latest(self, tx: Connection, payer_id: str, limit: int) -> Sequence[Order]:
        """The payer's orders, newest first."""
        mine = select(orders).where(orders.c.payer_id == payer_id)
        return [_order(row) for row in tx.execute(mine.order_by(orders.c.created_at.desc()).limit(limit))]

    def paid_for(self, tx: Connection, insured: Person, since: int, until: int) -> Sequence[Order]:
        """Paid orders for a person of that number and name, by contribution year, in the order they were paid."""
        paid = select(orders).where(
            orders.c.insured_index == _insured_key(insured), orders.c.live,
            orders.c.state == OrderState.PAID.value, orders.c.year.between(since, until),
        )  # fmt: skip
        found = [_order(row) for row in tx.execute(paid.order_by(orders.c.paid_at, orders.c.order_id))]
        return [order for order in found if order.insured.name == insured.name]

    def lock(self, tx: Connection, order_id: str) -> Order:
        """The order, its row locked until the transaction ends."""
        order = _maybe(tx.execute(_LOCK, {"order_id": order_id}).first())
        assert order is not None, "orders are never deleted"
        return order

    def lock_by_number(self, tx: Connection, mer_order_id: str) -> Order | None:
        """The order UnionPay speaks of, locked."""
        return _maybe(tx.execute(_LOCK_BY_NUMBER, {"mer_order_id": mer_order_id}).first())

    def claim_due(self, tx: Connection, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Order]:
        """Orders whose next action is due, pushed to `until` so that no other replica takes them meanwhile."""
        due = (
            select(orders)
            .where(orders.c.next_action_at <= now)
            .order_by(orders.c.next_action_at)
            .limit(limit)
        )
        found = [_order(row) for row in tx.execute(due.with_for_update(skip_locked=True))]
        if found:
            ids = [order.order_id for order in found]
            lease = update(orders).where(orders.c.order_id.in_(ids))
            tx.execute(lease.values(next_action_at=until, looked_at=now))
        return found

    def claim(self, tx: Connection, order: Order, now: dt.datetime, until: dt.datetime) -> bool:
        """Take one waiting order for a question to UnionPay now; False when somebody has just asked."""
        rested = orders.c.looked_at.is_(None) | (orders.c.looked_at <= now - MIN_BETWEEN_LOOKS)
        free = update(orders).where(
            orders.c.order_id == order.order_id, orders.c.next_action_at.is_not(None), rested
        )
        return bool(tx.execute(free.values(next_action_at=until, looked_at=now)).rowcount == 1)

    def move(
        self, tx: Connection, order: Order, edge: Edge, report: Report, next_action_at: dt.datetime | None
    ) -> None:
        """Follow an edge, and write it into the history. The caller holds the row's lock."""
        paid, final = edge.to is OrderState.PAID, edge.to in FINAL
        values = {
            "moved": order.order_id, "state": edge.to.value, "live": edge.to in LIVE, "attempts": 0,
            "next_action_at": None if final else next_action_at,
            "paid_at": report.paid_at if paid else order.paid_at,
            "transaction_id": report.transaction_id if paid else order.transaction_id,
            "failure_code": report.failure_code if final and not paid else order.failure_code,
        }  # fmt: skip
        tx.execute(_MOVE, values)

    def note(
        self, tx: Connection, order: Order, to: OrderState, report: Report, now: dt.datetime, **detail: Any
    ) -> None:
        """A line of the order's history."""
        tx.execute(
            order_history.insert(),
            {"order_id": order.order_id, "at": now, "from_state": order.state.value, "trigger": report.trigger.value,
             "to_state": to.value, "source": report.source, "detail": detail},
        )  # fmt: skip

    def postpone(self, tx: Connection, order: Order, next_action_at: dt.datetime | None) -> None:
        """Nothing new: look again later or never, unless it has ended meanwhile."""
        later = update(orders).where(
            orders.c.order_id == order.order_id, orders.c.next_action_at.is_not(None)
        )
        tx.execute(later.values(next_action_at=next_action_at, attempts=order.attempts + 1))

    def look_again(self, tx: Connection, order: Order, at: dt.datetime) -> None:
        """Look at an order that has ended once more."""
        tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(next_action_at=at))

    def open_refund_case(
        self, tx: Connection, order: Order, reason: RefundReason, report: Report, now: dt.datetime
    ) -> bool:
        """Record money that must go back; False when this transaction's case is open already."""
        tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(refund_due=True))
        return insert_or_ignore(
            tx, refund_cases, order_id=order.order_id, reason=reason.value, transaction_id=report.transaction_id,
            amount=report.amount, opened_at=now,
        )  # fmt: skip

    def add_notify(
        self, tx: Connection, digest: str, mer_order_id: str, raw: str, now: dt.datetime, done: bool
    ) -> bool:
        """Store a genuine notify once; False when it is known."""
        return insert_or_ignore(
            tx, notifies, digest=digest, mer_order_id=mer_order_id, raw=raw, received_at=now, attempts=0,
            processed_at=now if done else None, next_at=None if done else now,
        )  # fmt: skip

    def claim_notify(self, tx: Connection, now: dt.datetime, until: dt.datetime) -> StoredNotify | None:
        """A kept notify that is due, pushed to `until` so that no other replica takes it meanwhile."""
        due = select(notifies).where(notifies.c.processed_at.is_(None), notifies.c.next_at <= now)
        row = tx.execute(due.order_by(notifies.c.next_at).limit(1).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        tx.execute(update(notifies).where(notifies.c.digest == row.digest).values(next_at=until))
        return StoredNotify(row.digest, row.mer_order_id, row.raw, row.attempts)

    def notify_done(self, tx: Connection, digest: str, now: dt.datetime) -> None:
        """The notify has been processed."""
        tx.execute(update(notifies).where(notifies.c.digest == digest).values(processed_at=now, next_at=None))

    def notify_failed(self, tx: Connection, notify: StoredNotify, reason: str, next_at: dt.datetime) -> None:
        """The notify could not be processed; try again later."""
        failed = update(notifies).where(notifies.c.digest == notify.digest)
        tx.execute(failed.values(reason=reason[:2000], next_at=next_at, attempts=notify.attempts + 1))

    def not_final(self, connection: Connection) -> dict[str, int]:
        """How many orders are in each state that is not final, for metrics."""
        states = orders.c.state.not_in([state.value for state in FINAL])
        counts = select(orders.c.state, func.count()).where(states).group_by(orders.c.state)
        return dict(connection.execute(counts).all())


def _maybe(row: Row[Any] | None) -> Order | None:
    return None if row is None else _order(row)


def _insured_key(person: Person) -> str:
    return f"{person.document_type.value}:{person.document_number}"


def row_of(order: Order) -> dict[str, Any]:
    """The columns of an order."""
    return {
        "order_id": order.order_id, "mer_order_id": order.mer_order_id, "payer_id": order.payer_id,
        "payer_name": order.payer_name, "payer_phone": order.payer_phone,
        "idempotency_key": order.idempotency_key, "body_hash": order.body_hash, "quote_id": order.quote_id,
        "insured_index": _insured_key(order.insured), "insured_type": order.insured.document_type.value,
        "insured_number": order.insured.document_number, "insured_name": order.insured.name,
        "insured_phone": order.insured_phone, "registration_number": order.registration_number,
        "payer_kind": order.payer_kind.value, "insurance_type": order.insurance_type.value,
        "agency_code": order.agency_code, "agency_name": order.agency_name, "person_number": order.person_number,
        "product_code": order.product_code, "year": order.year, "tier_label": order.tier_label,
        "amount": order.amount, "channel": order.channel.value, "state": order.state.value,
        "live": order.state in LIVE, "created_at": order.created_at, "expires_at": order.expires_at,
        "next_action_at": order.next_action_at, "attempts": order.attempts, "relation_id": order.relation_id,
    }  # fmt: skip


def _order(row: Row[Any]) -> Order:
    return Order(
        order_id=row.order_id, mer_order_id=row.mer_order_id, payer_id=row.payer_id, payer_name=row.payer_name,
        payer_phone=row.payer_phone, idempotency_key=row.idempotency_key, body_hash=row.body_hash,
        quote_id=row.quote_id, insured=Person(DocumentType(row.insured_type), row.insured_number, row.insured_name),
        insured_phone=row.insured_phone, registration_number=row.registration_number,
        payer_kind=PayerKind(row.payer_kind), insurance_type=InsuranceType(row.insurance_type),
        agency_code=row.agency_code, agency_name=row.agency_name, person_number=row.person_number,
        product_code=row.product_code, year=row.year, tier_label=row.tier_label, amount=row.amount,
        channel=Channel(row.channel), state=OrderState(row.state), created_at=row.created_at,
        expires_at=row.expires_at, next_action_at=row.next_action_at, attempts=row.attempts, paid_at=row.paid_at,
        transaction_id=row.transaction_id, failure_code=row.failure_code, refund_due=row.refund_due,
        relation_id=row.relation_id,
    )  # fmt: skip
