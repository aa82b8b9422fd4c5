"""What the storage does while an order goes its way: claims, moves, refund cases and notifies."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.payment import OrderState
from services.payment.domain.notifies import Notify
from services.payment.domain.orders import EDGES, MIN_BETWEEN_LOOKS, RefundReason
from services.payment.storage.refunds import RefundStorage
from tests.fakes.payment_orders import NOW, a_refund, an_order
from tests.fakes.payment_refunds import FakeRefundStorage
from tests.integration.payment.stores import LATER, PAID, SHUT, SILENT, Store, another


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


def test_a_look_out_of_turn_leaves_what_was_planned(store: Store) -> None:
    order = store.put(an_order())
    store.ask("postpone", order, LATER)
    store.ask("look_as_planned", order)
    assert store.now(order) == order
    store.follow(order, PAID)
    store.ask("look_as_planned", order)
    assert store.now(order).next_action_at is None


def test_a_notify_is_stored_once(store: Store) -> None:
    first, second = Notify("digest-1", "3194", "raw"), Notify("digest-2", "3194", "raw")
    assert store.ask("add_notifies", [first], NOW, done=True) == ["digest-1"]
    assert store.ask("add_notifies", [second, first], NOW, done=True) == ["digest-2"]
    assert store.ask("add_notifies", [first], NOW, done=False) == []
    assert store.ask("claim_notify", LATER, LATER) is None


def test_a_kept_notify_is_claimed_until_it_is_done(store: Store) -> None:
    store.ask("add_notifies", [Notify("digest-2", "3195", "raw-2")], LATER, done=False)
    store.ask("add_notifies", [Notify("digest-1", "3194", "raw-1")], NOW, done=False)
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
            store.orders.add_notifies(tx, [Notify("digest-1", "3194", "raw")], NOW, done=True)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert store.now(order) == order
    assert store.ask("latest", order.payer_id, 9) == [order]
    assert store.ask("add_notifies", [Notify("digest-1", "3194", "raw")], NOW, done=True) == ["digest-1"]
    assert store.ask("open_refund_case", order, RefundReason.LATE, PAID, NOW) is True
