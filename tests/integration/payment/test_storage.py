"""One suite for the storage on PostgreSQL, on SQLite and as dictionaries: the fake keeps its word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from contract.insurance import InsuranceType
from contract.payment import OrderState
from contract.people import DocumentType
from contract.places import Division, Place
from kit.database import Database, Duplicate
from services.payment.domain.orders import (
    EDGES,
    MIN_BETWEEN_LOOKS,
    Item,
    Order,
    RefundReason,
    Report,
    Trigger,
)
from services.payment.storage.orders import OrderStorage
from services.payment.storage.refunds import RefundStorage
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    OTHER_PAYER,
    PAYER,
    a_back_payment,
    a_quote,
    a_refund,
    an_item,
    an_order,
)
from tests.fakes.payment_refunds import FakeRefundStorage
from tests.fakes.payment_storage import FakeOrderStorage
from tests.integration.databases import upgrade

LATER = NOW + dt.timedelta(minutes=1)
PAID = Report(Trigger.SUCCEEDED, "notify", "transaction-1", NOW, 40000)
SHUT = Report(Trigger.SHUT, "query", failure_code="expired")
SILENT = Report(Trigger.UNANSWERED, "query")


@dataclass
class Store:
    """A database, and what queries it."""

    database: Any
    orders: Any

    def put(self, order: Order) -> Order:
        with self.database.write() as tx:
            self.orders.add(tx, order)
        return order

    def takes(self, order: Order) -> bool:
        """Whether the order can be stored, and is then."""
        try:
            self.put(order)
        except Duplicate:
            return False
        return True

    def ask(self, question: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the storage in a transaction of its own."""
        with self.database.transaction() as tx:
            return getattr(self.orders, question)(tx, *args, **kwargs)

    def now(self, order: Order) -> Order:
        found: Order = self.ask("lock", order.order_id)
        return found

    def follow(self, order: Order, report: Report) -> Order:
        """Move an order as a report says; the order after it."""
        edge = EDGES[self.now(order).state, report.trigger]
        self.ask("move", self.now(order), edge, report, LATER)
        return self.now(order)


@pytest.fixture(params=["postgresql", "sqlite", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "fake":
        fake = FakeOrderStorage()
        yield Store(fake, fake)
    elif request.param == "postgresql":
        yield Store(request.getfixturevalue("database"), OrderStorage())
    else:
        database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
        upgrade("payment", database)
        yield Store(database, OrderStorage())
        database.engine.dispose()


OF_ITEM = {"quote_id", "year", "insurance_type", "insured"}


def another(n: int = 2, **changed: Any) -> Order:
    """An order that has nothing to do with `an_order()` but what is changed."""
    of_item = {name: changed.pop(name) for name in OF_ITEM & set(changed)}
    item = an_item(a_quote(**{"quote_id": f"quote-{n}", "year": 2026 + n} | of_item))
    values: dict[str, Any] = {
        "order_id": f"order-{n}", "mer_order_id": f"31942026112310050000012345{n}", "idempotency_key": f"key-{n}",
    }  # fmt: skip
    return an_order(item, **values | changed)


PLACE = Place(Division("450100", "南宁市"), village=Division(name="那洪屯"))
EVERYTHING = an_item(a_quote(quote_id="quote-2", year=2025), relation_id="relation-1", place=PLACE)
NO_MORE = an_item(insured_phone=None)
BACK = an_item(a_back_payment())
STRANGER = replace(INSURED, document_number="450202198503243121", name="覃志强")


@pytest.mark.parametrize("items", [(NO_MORE,), (EVERYTHING,), (BACK,), (BACK, EVERYTHING, NO_MORE)])
def test_an_order_comes_back_as_it_went_in(store: Store, items: tuple[Item, ...]) -> None:
    order = store.put(an_order(*items))
    assert store.ask("find", order.order_id, order.payer_id) == order
    assert store.now(order) == order


@pytest.mark.parametrize(
    ("other", "same_key", "same_quote"),
    [
        (another(idempotency_key="key-1"), True, False),
        (another(quote_id="quote-1"), False, True),
        (another(quote_id="quote-1", payer_id=OTHER_PAYER.person_id), False, True),
        (another(year=2026), False, False),
        (another(year=2026, payer_id=OTHER_PAYER.person_id), False, False),
        (another(idempotency_key="key-1", quote_id="quote-1", year=2026), True, False),
        (another(quote_id="quote-1", year=2026), False, True),
    ],
)
def test_what_stands_in_the_way_is_named(
    store: Store, other: Order, same_key: bool, same_quote: bool
) -> None:
    order = store.put(an_order())
    assert not store.takes(other)
    assert store.ask("blocker", other) == (order, same_key, same_quote, 0)
    assert store.ask("latest", other.payer_id, 9) == ([order] if other.payer_id == order.payer_id else [])


def test_what_was_paid_for_a_person_is_found_whoever_paid(store: Store) -> None:
    mine = store.follow(store.put(an_order()), PAID)
    later = replace(PAID, transaction_id="transaction-2", paid_at=LATER)
    others = store.follow(store.put(another(2, year=2027, payer_id=OTHER_PAYER.person_id)), later)
    store.put(another(3))
    assert store.ask("paid_for", INSURED, 2026, 2030) == [mine, others]
    assert store.ask("paid_for", INSURED, 2027, 2027) == [others]
    assert store.ask("paid_for", INSURED, 2020, 2025) == []


def test_a_live_order_is_found_by_what_it_pays_for(store: Store) -> None:
    store.put(an_order(an_item(), BACK))
    for item in (an_item(), BACK):
        for line in item.lines:
            assert store.ask("has_live", INSURED, item.insurance_type, line.year) is True
    assert store.ask("has_live", INSURED, InsuranceType.MEDICAL, 2030) is False
    stranger = replace(INSURED, document_type=DocumentType.PASSPORT)
    assert store.ask("has_live", stranger, BACK.insurance_type, BACK.lines[0].year) is False


def test_of_what_was_paid_only_the_persons_own_years_are_found(store: Store) -> None:
    order = store.follow(store.put(an_order(an_item(a_quote(quote_id="q", insured=STRANGER)), BACK)), PAID)
    (found,) = store.ask("paid_for", INSURED, 2022, 2026)
    assert found == replace(order, items=(replace(BACK, lines=BACK.lines[11:]),))
    assert store.ask("paid_for", replace(INSURED, name="韦秀"), 2011, 2026) == []


def test_which_item_is_stopped_is_named(store: Store) -> None:
    order = store.put(an_order(an_item(), BACK))
    year_of_back = an_item(a_back_payment(quote_id="q-1", lines=BACK.lines[5:6]))
    others = (an_item(a_quote(quote_id="q-2", insured=STRANGER)), year_of_back)
    wanted = an_order(*others, order_id="order-2", mer_order_id="3194", idempotency_key="key-2")
    assert not store.takes(wanted)
    assert store.ask("blocker", wanted) == (order, False, False, 1)
    used = replace(wanted, items=(year_of_back, others[0], replace(BACK, lines=others[0].lines)))
    assert store.ask("blocker", used) == (order, False, True, 2)
    assert store.ask("find", "order-2", PAYER.person_id) is None, "what is stopped leaves nothing behind"


def test_all_lines_end_with_their_order(store: Store) -> None:
    order = store.put(an_order(an_item(), BACK))
    again = an_order(
        an_item(a_quote(quote_id="q-1")), replace(BACK, quote_id="q-2"), order_id="order-2", mer_order_id="3194",
        idempotency_key="key-2",
    )  # fmt: skip
    store.follow(order, SILENT)
    assert not store.takes(again)
    store.follow(order, SHUT)
    store.put(again)


def test_who_is_named_wrongly_was_paid_for_by_nobody(store: Store) -> None:
    store.follow(store.put(an_order()), PAID)
    for stranger in (
        replace(INSURED, name="韦秀"),
        replace(INSURED, document_number="450202198503243121"),
        replace(INSURED, document_type=DocumentType.PASSPORT),
    ):
        assert store.ask("paid_for", stranger, 2026, 2026) == []


@pytest.mark.parametrize(
    "other",
    [
        another(),
        another(year=2026, insurance_type=InsuranceType.PENSION),
        another(year=2026, insured=replace(INSURED, document_number="450202198503243121")),
        another(year=2026, insured=replace(INSURED, document_type=DocumentType.PASSPORT)),
        another(idempotency_key="key-1", payer_id=OTHER_PAYER.person_id),
    ],
    ids=["year", "type", "person", "document", "key of another payer"],
)
def test_orders_for_different_things_do_not_meet(store: Store, other: Order) -> None:
    store.put(an_order())
    store.put(other)
    assert store.ask("blocker", another(3)) is None


def test_a_name_does_not_tell_people_apart(store: Store) -> None:
    store.put(an_order())
    assert not store.takes(another(year=2026, insured=replace(INSURED, name="韦秀蘭")))


def test_an_order_that_is_over_lets_the_next_one_in(store: Store) -> None:
    order = store.put(an_order())
    store.follow(order, SHUT)
    store.put(another(year=2026))


def test_a_paid_order_keeps_the_next_one_out(store: Store) -> None:
    order = store.put(an_order())
    store.follow(order, PAID)
    assert not store.takes(another(year=2026))


def test_orders_are_found_only_for_their_payer(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("find", order.order_id, OTHER_PAYER.person_id) is None
    assert store.ask("find", "order-9", order.payer_id) is None
    assert store.ask("latest", OTHER_PAYER.person_id, 9) == []


def test_the_latest_orders_come_first(store: Store) -> None:
    older = store.put(an_order())
    newer = store.put(another(created_at=LATER))
    assert store.ask("latest", older.payer_id, 9) == [newer, older]
    assert store.ask("latest", older.payer_id, 1) == [newer]


def test_an_order_is_found_by_unionpays_number(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("lock_by_number", order.mer_order_id) == order
    assert store.ask("lock_by_number", "3194") is None


def test_due_orders_are_claimed_once_earliest_first(store: Store) -> None:
    second = store.put(another(2, next_action_at=NOW - dt.timedelta(seconds=1)))
    first = store.put(another(3, next_action_at=NOW - dt.timedelta(seconds=2)))
    store.put(another(4, next_action_at=NOW + dt.timedelta(seconds=1)))
    store.put(another(5, next_action_at=None))
    assert store.ask("claim_due", NOW, LATER, 1) == [first]
    assert store.ask("claim_due", NOW, LATER, 9) == [second]
    assert store.ask("claim_due", NOW, LATER, 9) == []
    assert store.now(first).next_action_at == LATER
    again = store.ask("claim_due", LATER, LATER, 9)
    assert {order.order_id for order in again} == {"order-2", "order-3", "order-4"}


def test_an_order_just_asked_about_is_not_claimed_again(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("claim", order, NOW, LATER) is True
    assert store.ask("claim", order, NOW, LATER) is False
    rested = NOW + MIN_BETWEEN_LOOKS
    assert store.ask("claim", order, rested - dt.timedelta(microseconds=1), LATER) is False
    assert store.ask("claim", order, rested, LATER) is True
    assert store.now(order).next_action_at == LATER


def test_an_order_claimed_as_due_has_just_been_asked_about(store: Store) -> None:
    order = store.put(an_order(next_action_at=NOW))
    store.ask("claim_due", NOW, LATER, 9)
    assert store.ask("claim", order, NOW, LATER) is False


def test_an_order_that_is_over_is_not_claimed(store: Store) -> None:
    order = store.put(an_order())
    store.follow(order, PAID)
    assert store.ask("claim", order, LATER, LATER) is False
    assert store.ask("claim_due", NOW + dt.timedelta(days=9), LATER, 9) == []


def test_a_paid_order_says_when_and_by_which_transaction(store: Store) -> None:
    paid = store.follow(store.put(an_order(attempts=3)), PAID)
    assert (paid.state, paid.paid_at, paid.transaction_id) == (OrderState.PAID, NOW, "transaction-1")
    assert (paid.failure_code, paid.next_action_at, paid.attempts) == (None, None, 0)


def test_a_closed_order_says_why(store: Store) -> None:
    closed = store.follow(store.put(an_order()), SHUT)
    assert (closed.state, closed.failure_code, closed.next_action_at) == (OrderState.CLOSED, "expired", None)
    assert (closed.paid_at, closed.transaction_id) == (None, None)


def test_an_order_that_still_waits_keeps_its_next_action(store: Store) -> None:
    unknown = store.follow(store.put(an_order(attempts=3)), SILENT)
    assert (unknown.state, unknown.next_action_at, unknown.attempts) == (OrderState.UNKNOWN, LATER, 0)
    assert unknown.failure_code is None


def test_nothing_new_postpones(store: Store) -> None:
    order = store.put(an_order(attempts=3))
    store.ask("postpone", order, LATER)
    assert (store.now(order).next_action_at, store.now(order).attempts) == (LATER, 4)


def test_an_order_that_ended_meanwhile_is_not_postponed(store: Store) -> None:
    order = store.put(an_order())
    paid = store.follow(order, PAID)
    store.ask("postpone", order, LATER)
    assert store.now(order) == paid


def test_an_order_that_ended_can_be_looked_at_once_more(store: Store) -> None:
    order = store.put(an_order())
    closed = store.follow(order, SHUT)
    store.ask("look_again", order, LATER)
    assert store.now(order) == replace(closed, next_action_at=LATER)
    store.ask("postpone", closed, None)
    assert store.now(order).next_action_at is None


def test_one_refund_case_per_transaction(store: Store) -> None:
    order = store.put(an_order())
    assert store.ask("open_refund_case", order, RefundReason.LATE, PAID, NOW) is True
    assert store.ask("open_refund_case", order, RefundReason.LATE, PAID, LATER) is False
    second = replace(PAID, transaction_id="transaction-2")
    assert store.ask("open_refund_case", order, RefundReason.DOUBLE, second, NOW) is True
    assert store.now(order).refund_due


def test_a_case_heard_of_again_says_nothing_new(store: Store) -> None:
    """Its money may have gone back meanwhile: then nothing is due."""
    order = store.put(an_order())
    store.ask("open_refund_case", order, RefundReason.LATE, PAID, NOW)
    with store.database.transaction() as tx:
        refunds = FakeRefundStorage(store.orders) if tx is None else RefundStorage()
        refunds.close_case(
            tx, a_refund(transaction_id=PAID.transaction_id, case=RefundReason.LATE, lines=()), LATER
        )
    assert not store.now(order).refund_due
    assert store.ask("open_refund_case", order, RefundReason.LATE, PAID, LATER) is False
    assert not store.now(order).refund_due


def test_a_notify_is_stored_once(store: Store) -> None:
    assert store.ask("add_notify", "digest-1", "3194", "raw", NOW, done=True) is True
    assert store.ask("add_notify", "digest-1", "3194", "raw", NOW, done=False) is False
    assert store.ask("claim_notify", LATER, LATER) is None


def test_a_kept_notify_is_claimed_until_it_is_done(store: Store) -> None:
    store.ask("add_notify", "digest-2", "3195", "raw-2", LATER, done=False)
    store.ask("add_notify", "digest-1", "3194", "raw-1", NOW, done=False)
    claimed = store.ask("claim_notify", NOW, LATER)
    assert claimed == ("digest-1", "3194", "raw-1", 0)
    assert store.ask("claim_notify", NOW, LATER) is None
    store.ask("notify_failed", claimed, "UnknownOrder", LATER)
    again = store.ask("claim_notify", LATER, LATER + dt.timedelta(minutes=1))
    assert again in (("digest-1", "3194", "raw-1", 1), ("digest-2", "3195", "raw-2", 0))
    store.ask("notify_done", "digest-1", LATER)
    store.ask("notify_done", "digest-2", LATER)
    assert store.ask("claim_notify", LATER + dt.timedelta(days=1), LATER) is None


def test_orders_that_are_not_final_are_counted_by_state(store: Store) -> None:
    store.put(an_order())
    store.follow(store.put(another(2)), SILENT)
    store.follow(store.put(another(3)), SILENT)
    store.follow(store.put(another(4)), PAID)
    placed = an_order().created_at
    assert store.ask("not_final") == {"placed": (1, placed), "unknown": (2, placed)}


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    order = store.put(an_order())

    def fail() -> None:
        with store.database.transaction() as tx:
            store.orders.add(tx, another())
            store.orders.move(tx, order, EDGES[order.state, PAID.trigger], PAID, None)
            store.orders.note(tx, order, OrderState.PAID, PAID, NOW, why="a test")
            store.orders.open_refund_case(tx, order, RefundReason.LATE, PAID, NOW)
            store.orders.add_notify(tx, "digest-1", "3194", "raw", NOW, done=True)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert store.now(order) == order
    assert store.ask("latest", order.payer_id, 9) == [order]
    assert store.ask("add_notify", "digest-1", "3194", "raw", NOW, done=True) is True
    assert store.ask("open_refund_case", order, RefundReason.LATE, PAID, NOW) is True
