"""The payment storage as dictionaries, with transactions that roll back."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.events import EventData
from contract.insurance import InsuranceType
from contract.payment import OrderState
from contract.people import Person
from kit.database import Duplicate
from kit.seals import SealedRow
from services.payment.domain.notifies import Notify
from services.payment.domain.orders import (
    FINAL,
    LIVE,
    MIN_BETWEEN_LOOKS,
    REFUNDABLE,
    Edge,
    Item,
    Order,
    RefundReason,
    Report,
    Subject,
)
from services.payment.domain.refunds import Refund
from services.payment.models import LINE_SEAL, ORDER_SEAL
from services.payment.storage.orders import Blocker, NotFinal
from services.payment.storage.rows import line_rows, order_row


@dataclass(frozen=True)
class RefundCase:
    """One row of refund_cases."""

    order_id: str
    reason: str
    transaction_id: str
    amount: int
    paid_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None


@dataclass(frozen=True)
class HistoryLine:
    """One row of order_history."""

    order_id: str
    from_state: str
    trigger: str
    to_state: str
    source: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class KeptNotify:
    """One row of notifies."""

    notify: Notify
    next_at: dt.datetime | None
    reason: str | None = None


@dataclass
class FakeOrderStorage:
    """Storage and database in one: `transaction()` puts everything back when it fails."""

    orders: dict[str, Order] = field(default_factory=dict)
    looked_at: dict[str, dt.datetime] = field(default_factory=dict)
    history: list[HistoryLine] = field(default_factory=list)
    notifies: dict[str, KeptNotify] = field(default_factory=dict)
    refunds: dict[tuple[str, str], RefundCase] = field(default_factory=dict)
    given_back: dict[str, Refund] = field(default_factory=dict)
    refund_history: list[tuple[str, str, str, str]] = field(default_factory=list)
    events: list[tuple[EventData, str]] = field(default_factory=list)
    open_transactions: int = 0
    fails: Exception | None = None  # raised by lock_by_numbers

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        before = {name: getattr(self, name).copy() for name in _STATE}
        self.open_transactions += 1
        try:
            yield None
        except BaseException:
            self.__dict__.update(before)
            raise
        finally:
            self.open_transactions -= 1

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        yield None

    def write(self) -> contextlib.AbstractContextManager[Any]:
        return self.transaction()

    def together(self, tx: Any) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext(tx)

    def add(self, tx: Any, order: Order) -> list[SealedRow]:
        if self.blocker(tx, order) is not None:
            raise Duplicate
        self.orders[order.order_id] = order
        return [ORDER_SEAL.written(order_row(order)), *map(LINE_SEAL.written, line_rows(order))]

    def blocker(self, tx: Any, order: Order) -> Blocker | None:
        known = list(self.orders.values())
        for other in known:
            if (other.payer_id, other.idempotency_key) == (order.payer_id, order.idempotency_key):
                return Blocker(other, same_key=True, same_quote=False)
        for number, item in enumerate(order.items):
            for other in known:
                if item.quote_id in {own.quote_id for own in other.items}:
                    return Blocker(other, False, True, number)
        for number, item in enumerate(order.items):
            for other in known:
                if other.state in LIVE and any(set(item.subjects) & _live(own) for own in other.items):
                    return Blocker(other, False, False, number)
        return None

    def find(self, tx: Any, order_id: str, payer_id: str) -> Order | None:
        order = self.orders.get(order_id)
        return order if order and order.payer_id == payer_id else None

    def get(self, tx: Any, order_id: str) -> Order | None:
        return self.orders.get(order_id)

    def latest(self, tx: Any, payer_id: str, limit: int) -> Sequence[Order]:
        mine = [order for order in self.orders.values() if order.payer_id == payer_id]
        return sorted(mine, key=lambda order: order.created_at, reverse=True)[:limit]

    def paid_for(self, tx: Any, insured: Person, since: int, until: int) -> Sequence[Order]:
        paid = [order for order in self.orders.values() if order.state in REFUNDABLE]
        found = [_narrowed(order, insured, range(since, until + 1)) for order in paid]
        return sorted(
            filter(lambda order: order.items, found), key=lambda order: (order.paid_at, order.order_id)
        )

    def has_live(self, tx: Any, insured: Person, insurance_type: InsuranceType, year: int) -> bool:
        live = (item for order in self.orders.values() if order.state in LIVE for item in order.items)
        of = [item for item in live if (item.insured, item.insurance_type) == (insured, insurance_type)]
        return any(line.year == year for item in of for line in item.lines)

    def lock(self, tx: Any, order_id: str) -> Order:
        return self.orders[order_id]

    def lock_by_number(self, tx: Any, mer_order_id: str) -> Order | None:
        return self.lock_by_numbers(tx, [mer_order_id]).get(mer_order_id)

    def lock_by_numbers(self, tx: Any, numbers: Sequence[str]) -> dict[str, Order]:
        if self.fails:
            raise self.fails
        return {order.mer_order_id: order for order in self.orders.values() if order.mer_order_id in numbers}

    def claim_due(self, tx: Any, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Order]:
        due = [o for o in self.orders.values() if o.next_action_at and o.next_action_at <= now]
        found = sorted(due, key=lambda order: order.next_action_at or now)[:limit]
        for order in found:
            self._lease(order, now, until)
        return found

    def claim(self, tx: Any, order: Order, now: dt.datetime, until: dt.datetime) -> bool:
        last = self.looked_at.get(order.order_id)
        rested = last is None or last <= now - MIN_BETWEEN_LOOKS
        if not rested or self.orders[order.order_id].next_action_at is None:
            return False
        self._lease(order, now, until)
        return True

    def _lease(self, order: Order, now: dt.datetime, until: dt.datetime) -> None:
        self.orders[order.order_id] = replace(self.orders[order.order_id], next_action_at=until)
        self.looked_at[order.order_id] = now

    def move(
        self, tx: Any, order: Order, edge: Edge, report: Report, next_action_at: dt.datetime | None
    ) -> list[SealedRow]:
        final = edge.to in FINAL
        moved = replace(
            self.orders[order.order_id],
            state=edge.to,
            attempts=0,
            next_action_at=None if final else next_action_at,
        )
        if edge.to is OrderState.PAID:
            moved = replace(moved, paid_at=report.paid_at, transaction_id=report.transaction_id)
        elif final and edge.to is not OrderState.REFUNDED:
            moved = replace(moved, failure_code=report.failure_code)
        self.orders[order.order_id] = moved
        return [ORDER_SEAL.written(order_row(moved))]

    def note(
        self, tx: Any, order: Order, to: OrderState, report: Report, now: dt.datetime, **detail: Any
    ) -> None:
        line = HistoryLine(
            order.order_id, order.state.value, report.trigger.value, to.value, report.source, detail
        )
        self.history.append(line)

    def postpone(self, tx: Any, order: Order, next_action_at: dt.datetime | None) -> None:
        known = self.orders[order.order_id]
        if known.next_action_at is not None:
            later = replace(known, next_action_at=next_action_at, attempts=order.attempts + 1)
            self.orders[order.order_id] = later

    def look_as_planned(self, tx: Any, order: Order) -> None:
        known = self.orders[order.order_id]
        if known.next_action_at is not None:
            planned = replace(known, next_action_at=order.next_action_at, attempts=order.attempts)
            self.orders[order.order_id] = planned

    def look_again(self, tx: Any, order: Order, at: dt.datetime) -> None:
        self.orders[order.order_id] = replace(self.orders[order.order_id], next_action_at=at)

    def open_refund_case(
        self, tx: Any, order: Order, reason: RefundReason, report: Report, now: dt.datetime
    ) -> bool:
        key = (order.order_id, report.transaction_id)
        case = RefundCase(order.order_id, reason.value, report.transaction_id, report.amount, report.paid_at)
        opened = self.refunds.setdefault(key, case) is case
        if opened:
            self.orders[order.order_id] = replace(self.orders[order.order_id], refund_due=True)
        return opened

    def add_notifies(
        self, tx: Any, received: Sequence[Notify], now: dt.datetime, done: bool
    ) -> Sequence[str]:
        new = [notify for notify in received if notify.digest not in self.notifies]
        self.notifies |= {notify.digest: KeptNotify(notify, None if done else now) for notify in new}
        return [notify.digest for notify in new]

    def claim_notify(self, tx: Any, now: dt.datetime, until: dt.datetime) -> Notify | None:
        due = [kept for kept in self.notifies.values() if kept.next_at and kept.next_at <= now]
        if not due:
            return None
        first = min(due, key=lambda kept: kept.next_at or now)
        self.notifies[first.notify.digest] = replace(first, next_at=until)
        return first.notify

    def notify_done(self, tx: Any, digest: str, now: dt.datetime) -> None:
        self.notifies[digest] = replace(self.notifies[digest], next_at=None)

    def notify_failed(self, tx: Any, notify: Notify, reason: str, next_at: dt.datetime) -> None:
        again = notify._replace(attempts=notify.attempts + 1)
        self.notifies[notify.digest] = KeptNotify(again, next_at, reason)

    def not_final(self, tx: Any) -> dict[str, NotFinal]:
        placed: dict[str, list[dt.datetime]] = {}
        for order in self.orders.values():
            if order.state not in FINAL:
                placed.setdefault(order.state.value, []).append(order.created_at)
        return {state: NotFinal(len(moments), min(moments)) for state, moments in placed.items()}


_STATE = ("orders", "looked_at", "history", "notifies", "refunds", "given_back", "refund_history", "events")


def _narrowed(order: Order, insured: Person, years: range) -> Order:
    """The order with no more than the lines for this person and these years whose money has not gone back."""
    items = [
        replace(
            item, lines=tuple(line for line in item.lines if line.year in years and line.year in _paid(item))
        )
        for item in order.items
        if item.insured == insured
    ]
    return replace(order, items=tuple(item for item in items if item.lines))


def _paid(item: Item) -> set[int]:
    """The years of an item whose money has not gone back."""
    gone = {item.years[place] for refund in item.refunds if refund.refunded_at for place in refund.lines}
    return set(item.years) - gone


def _live(item: Item) -> set[Subject]:
    """What of an item keeps others away."""
    return {subject for subject in item.subjects if subject[2] in _paid(item)}


@dataclass
class FakeOutbox:
    """Events go with the transaction that caused them: they are part of the fake storage."""

    storage: FakeOrderStorage

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str:
        assert self.storage.open_transactions == 1, "an event belongs to the transaction that caused it"
        self.storage.events.append((event, aggregate))
        return f"event-{len(self.storage.events)}"
