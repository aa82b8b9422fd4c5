"""Hearing UnionPay: what is believed, kept, and acted on once."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest

from contract.payment import OrderState, PaymentFailed, PaymentSucceeded
from services.payment.adapters.base import ForgedNotify
from services.payment.usecases import notifies
from services.payment.usecases.notifies import UnknownOrder
from tests.fakes.payment_orders import KEY, NOW, an_order, paid_fields
from tests.fakes.payment_service import Payment, make_payment, signed

WAITING = [OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN]
FORGER = "a key that UnionPay never gave to anybody"


@pytest.mark.parametrize("state", WAITING)
def test_a_notify_pays_the_order(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    payment.notify(order)
    paid = payment.now(order)
    assert (paid.state, paid.transaction_id) == (OrderState.PAID, "4200000000202611231006000001")
    assert paid.paid_at == dt.datetime(2026, 11, 23, 2, 6, tzinfo=dt.UTC)
    assert [type(event) for event in payment.events] == [PaymentSucceeded]
    assert payment.storage.history[-1].source == "notify"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
@pytest.mark.parametrize("keys", [(KEY,), ("the newest key", KEY), (KEY, "the oldest key")])
def test_every_key_in_force_is_believed(keys: tuple[str, ...], algorithm: str) -> None:
    payment = make_payment(unionpay_communication_keys=keys)
    order = payment.placed()
    payment.notify(order, signType=algorithm)
    assert payment.now(order).state is OrderState.PAID


def forged(fields: dict[str, str]) -> dict[str, dict[str, str]]:
    true = signed(fields)
    return {
        "another key": signed(fields, FORGER),
        "no signature": fields,
        "empty signature": fields | {"sign": ""},
        "changed amount": true | {"totalAmount": "1"},
        "another order": true | {"merOrderId": "319420261123100500000654321"},
        "one field more": true | {"extra": ""},
        "one field less": {name: true[name] for name in true if name != "payTime"},
        "unknown algorithm": true | {"signType": "SM3"},
        "algorithm changed": true | {"signType": "MD5"},
        "chinese signature": true | {"sign": "签名"},
        "nothing": {},
    }


@pytest.mark.parametrize("kind", sorted(forged(paid_fields(""))))
def test_a_forged_notify_changes_nothing_and_is_not_kept(payment: Payment, kind: str) -> None:
    order = payment.placed()
    with pytest.raises(ForgedNotify):
        notifies.receive_notify(forged(paid_fields(order.mer_order_id))[kind], payment.wiring)
    assert payment.now(order) == order
    assert (payment.storage.notifies, payment.events) == ({}, [])


def test_the_same_notify_again_changes_nothing(payment: Payment) -> None:
    order = payment.placed()
    payment.notify(order)
    before = payment.now(order)
    payment.notify(order)
    payment.notify(order, notifyId="sent again")
    assert payment.now(order) == before
    assert (len(payment.events), payment.storage.refunds) == (1, {})
    assert len(payment.storage.notifies) == 2


@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.FAILED])
def test_a_late_success_opens_one_refund_case(payment: Payment, state: OrderState) -> None:
    order = payment.placed(state)
    payment.notify(order)
    payment.notify(order, notifyId="sent again")
    ((case),) = payment.storage.refunds.values()
    assert (case.reason, case.amount, case.transaction_id) == ("late", 40000, "4200000000202611231006000001")
    assert (payment.now(order).state, payment.now(order).refund_due) == (state, True)
    assert payment.events == []
    assert payment.storage.history[-1].detail == {"refund": "late", "amount": 40000}


def test_a_second_payment_opens_a_refund_case_and_leaves_the_order_paid(payment: Payment) -> None:
    order = payment.placed()
    payment.notify(order)
    payment.notify(order, targetOrderId="a second transaction")
    ((case),) = payment.storage.refunds.values()
    assert (case.reason, case.transaction_id) == ("double", "a second transaction")
    assert payment.now(order).state is OrderState.PAID
    assert payment.now(order).transaction_id == "4200000000202611231006000001"
    assert len(payment.events) == 1


@pytest.mark.parametrize(
    "changed",
    [{"totalAmount": "39999"}, {"mid": "898340149000006"}, {"tid": "88880002"}],
    ids=lambda c: next(iter(c)),
)
def test_a_payment_that_is_not_what_we_asked_for_fails_the_order(
    payment: Payment, changed: dict[str, str]
) -> None:
    order = payment.placed()
    payment.notify(order, **changed)
    ((case),) = payment.storage.refunds.values()
    assert (case.reason, case.amount) == ("mispaid", int(changed.get("totalAmount", "40000")))
    assert payment.now(order).state is OrderState.FAILED
    (event,) = payment.events
    assert isinstance(event, PaymentFailed)
    assert event.reason_code == "mispaid"


@pytest.mark.parametrize(
    "changed",
    [{"targetOrderId": ""}, {"totalAmount": "四百"}, {"payTime": "yesterday"}, {"status": "UNKNOWN"}],
)
def test_a_notify_that_does_not_say_what_happened_leaves_the_question_open(
    payment: Payment, changed: dict[str, str]
) -> None:
    order = payment.placed()
    payment.notify(order, **changed)
    assert payment.now(order).state is OrderState.UNKNOWN
    assert payment.now(order).next_action_at is not None
    assert (payment.events, payment.storage.refunds) == ([], {})


@pytest.mark.parametrize("reason", ["buyer", "declined", "expired", "merchant", None])
def test_a_notify_of_a_closed_order_closes_ours(payment: Payment, reason: str | None) -> None:
    order = payment.placed()
    payment.notify(order, status="TRADE_CLOSED", payTime="", **({"closeReason": reason} if reason else {}))
    assert payment.now(order).state is OrderState.CLOSED
    cause = {"buyer": "closed_by_buyer", "declined": "declined", "expired": "expired"}.get(
        reason or "", "closed"
    )
    assert payment.now(order).failure_code == cause


def test_a_genuine_notify_of_an_order_we_do_not_have_is_kept(payment: Payment) -> None:
    payment.notify(an_order())
    (kept,) = payment.storage.notifies.values()
    assert kept.next_at == NOW
    notifies.process_kept_notifies(payment.wiring, 9)
    (kept,) = payment.storage.notifies.values()
    assert (kept.notify.attempts, kept.reason) == (1, UnknownOrder.__name__)
    assert kept.next_at == NOW + dt.timedelta(seconds=4)


def test_a_notify_that_could_not_be_processed_is_kept_and_done_later(payment: Payment) -> None:
    order = payment.placed()
    payment.storage.fails = TimeoutError("the row is locked")
    payment.notify(order)
    assert payment.now(order) == order
    notifies.process_kept_notifies(payment.wiring, 9)
    assert payment.now(order) == order
    payment.storage.fails = None
    notifies.process_kept_notifies(payment.wiring, 9)
    assert payment.now(order) == order, "not before its time"
    payment.clock.advance(seconds=4)
    notifies.process_kept_notifies(payment.wiring, 9)
    assert payment.now(order).state is OrderState.PAID
    (kept,) = payment.storage.notifies.values()
    assert kept.next_at is None


def test_retries_of_a_kept_notify_slow_down_to_an_hour(payment: Payment) -> None:
    payment.notify(an_order())
    waits = []
    for _ in range(14):
        now = payment.clock.now()
        notifies.process_kept_notifies(payment.wiring, 1)
        (kept,) = payment.storage.notifies.values()
        assert kept.next_at is not None
        waits.append((kept.next_at - now).total_seconds())
        payment.clock.advance(seconds=waits[-1])
    assert waits[:4] == [4, 8, 16, 32]
    assert waits[-1] == 3600


def test_one_bad_kept_notify_does_not_hold_up_the_others(payment: Payment) -> None:
    order = payment.placed()
    payment.storage.fails = TimeoutError("the row is locked")
    payment.notify(an_order())
    payment.notify(order)
    payment.storage.fails = None
    notifies.process_kept_notifies(payment.wiring, 9)
    assert payment.now(order).state is OrderState.PAID


def test_with_the_database_away_unionpay_is_asked_to_come_back(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = payment.placed()

    def away() -> contextlib.AbstractContextManager[None]:
        raise ConnectionError("no database")

    monkeypatch.setattr(payment.storage, "transaction", away)
    with pytest.raises(ConnectionError):
        payment.notify(order)
