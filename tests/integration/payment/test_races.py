"""Fifty at once, on PostgreSQL: one order, one event, one poller."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import requests
from sqlalchemy import event

from contract.payment import (
    IdempotencyConflict,
    LiveOrderExists,
    OrderPlaced,
    OrderState,
    Payer,
    PlaceOrder,
    QuoteUsed,
)
from kit.clock import SetClock, SystemClock
from kit.database import Database
from services.payment.domain.orders import Order
from services.payment.models import order_lines, orders
from services.payment.usecases import notifies, ordering
from services.payment.usecases.wiring import LEASE, Wiring
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.fakes.payment_orders import (
    INSURED,
    NOW,
    PAYER,
    a_back_payment,
    a_quote,
    an_item,
    an_order,
    asking,
    asking_all,
    paid_fields,
    settings,
)
from tests.fakes.payment_service import of, signed
from tests.integration.payment.databases import (
    PARALLEL,
    at_once,
    counted,
    history,
    published,
    refunds,
    types,
    wiring,
)

ROUNDS = 8


@pytest.fixture
def payment(database: Database) -> Wiring:
    return wiring(database, settings(), SetClock(NOW))


def payers(n: int) -> Payer:
    return Payer(f"payer-{n}", "黄丽华", f"138001{n:05d}")


def place(payment: Wiring, n: int = 0) -> Order:
    """One placed order, as it is stored."""
    quote = a_quote(
        quote_id=f"quote-{n}", year=2026 + n, expires_at=payment.clock.now() + dt.timedelta(minutes=5)
    )
    placed = ordering.place_order(asking(quote, key=f"key-{n}"), payment)
    return stored(payment, placed.order_id)


def stored(payment: Wiring, order_id: str) -> Order:
    with payment.database.read() as connection:
        order: Order | None = payment.orders.find(connection, order_id, PAYER.person_id)
    assert order is not None
    return order


def all_at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    return at_once(lambda n: acts[n](), len(acts))


def test_fifty_payers_for_one_person_make_one_live_order(payment: Wiring) -> None:
    answers = at_once(
        lambda n: ordering.place_order(asking(a_quote(quote_id=f"quote-{n}"), payers(n), key="key"), payment)
    )
    assert Counter(type(answer) for answer in answers) == {OrderPlaced: 1, LiveOrderExists: PARALLEL - 1}
    assert types(payment.database) == ["order.placed.v1"]
    assert all(answer.detail == {"item": 0} for answer in answers if isinstance(answer, LiveOrderExists))


FAMILY = [replace(INSURED, document_number=f"45010319780612{n:04d}") for n in range(4)]


def for_family(n: int) -> PlaceOrder:
    """An order of the n-th payer for four people with thirteen years each, in another order than the next payer's."""
    people = [FAMILY[(n + place) % 4] for place in range(4)][:: 1 if n % 8 < 4 else -1]
    quotes = [
        a_back_payment(quote_id=f"quote-{n}-{place}", insured=insured) for place, insured in enumerate(people)
    ]
    return asking_all(*quotes, payer=payers(n))


def test_fifty_orders_for_the_same_four_people_make_one_and_none_waits_for_another(payment: Wiring) -> None:
    answers = at_once(lambda n: ordering.place_order(for_family(n), payment))
    assert Counter(type(answer) for answer in answers) == {OrderPlaced: 1, LiveOrderExists: PARALLEL - 1}
    assert types(payment.database) == ["order.placed.v1"]
    assert counted(payment.database, order_lines) == 4 * 13


def test_orders_that_share_one_person_exclude_each_other_whole(payment: Wiring) -> None:
    """Each wants the shared person and one of its own: one of them gets both, and no other leaves anything behind."""

    def place_two(n: int) -> OrderPlaced:
        own = a_quote(quote_id=f"own-{n}", insured=replace(INSURED, document_number=f"4502{n:014d}"))
        both = [a_quote(quote_id=f"shared-{n}"), own]
        return ordering.place_order(asking_all(*both[:: 1 if n % 2 else -1], payer=payers(n)), payment)

    answers = at_once(place_two)
    assert Counter(type(answer) for answer in answers) == {OrderPlaced: 1, LiveOrderExists: PARALLEL - 1}
    assert (counted(payment.database, orders), counted(payment.database, order_lines)) == (1, 2)
    for n, answer in enumerate(answers):
        if isinstance(answer, LiveOrderExists):
            assert answer.detail == {"item": 0 if n % 2 else 1}


def test_an_order_for_several_is_told_once_for_each_however_often_it_is_heard(payment: Wiring) -> None:
    placed = ordering.place_order(for_family(0), payment)
    with payment.database.read() as connection:
        order = payment.orders.find(connection, placed.order_id, payers(0).person_id)
    fields = signed(paid_fields(order.mer_order_id, order.amount))
    assert at_once(lambda n: notifies.receive_notify(fields, payment), 10) == [None] * 10
    assert types(payment.database, order.order_id) == ["order.placed.v1", *["payment.succeeded.v1"] * 4]
    told = [envelope.data["contribution"] for envelope in published(payment.database, order.order_id)[1:]]
    assert len({one["insured_number"] for one in told}) == 4
    assert all(one["years"] == list(range(2011, 2024)) for one in told)


def test_fifty_payers_with_one_quote_make_one_order(payment: Wiring) -> None:
    answers = at_once(lambda n: ordering.place_order(asking(a_quote(), payers(n), key="key"), payment))
    assert Counter(type(answer) for answer in answers) == {OrderPlaced: 1, QuoteUsed: PARALLEL - 1}
    assert types(payment.database) == ["order.placed.v1"]


def test_one_key_fifty_times_is_one_order_and_one_answer(payment: Wiring) -> None:
    request = asking(a_quote())
    answers = at_once(lambda n: ordering.place_order(request, payment))
    assert {type(answer) for answer in answers} == {OrderPlaced}
    assert len({answer.order_id for answer in answers if isinstance(answer, OrderPlaced)}) == 1
    assert types(payment.database) == ["order.placed.v1"]


def test_one_key_with_fifty_bodies_is_one_order(payment: Wiring) -> None:
    answers = at_once(lambda n: ordering.place_order(asking(a_quote(quote_id=f"quote-{n}")), payment))
    assert Counter(type(answer) for answer in answers) == {OrderPlaced: 1, IdempotencyConflict: PARALLEL - 1}
    assert types(payment.database) == ["order.placed.v1"]


def test_fifty_people_do_not_wait_for_each_other(payment: Wiring) -> None:
    at_once(lambda n: place(payment, n))
    assert types(payment.database) == ["order.placed.v1"] * PARALLEL


def test_the_same_notify_fifty_times_at_once_pays_once(payment: Wiring) -> None:
    order = place(payment)
    fields = signed(paid_fields(order.mer_order_id))
    assert at_once(lambda n: notifies.receive_notify(fields, payment)) == [None] * PARALLEL
    assert types(payment.database, order.order_id) == ["order.placed.v1", "payment.succeeded.v1"]
    assert stored(payment, order.order_id).state is OrderState.PAID
    assert refunds(payment.database, order.order_id) == []


def test_notifies_of_one_payment_that_differ_pay_once(payment: Wiring) -> None:
    order = place(payment)
    at_once(
        lambda n: notifies.receive_notify(signed(paid_fields(order.mer_order_id, notifyId=str(n))), payment),
        10,
    )
    assert types(payment.database, order.order_id) == ["order.placed.v1", "payment.succeeded.v1"]
    assert refunds(payment.database, order.order_id) == []


def test_payments_of_one_order_at_once_pay_it_once_and_return_the_others(payment: Wiring) -> None:
    order = place(payment)
    at_once(
        lambda n: notifies.receive_notify(
            signed(paid_fields(order.mer_order_id, targetOrderId=f"transaction-{n}")), payment
        ),
        5,
    )
    assert types(payment.database, order.order_id) == ["order.placed.v1", "payment.succeeded.v1"]
    cases = refunds(payment.database, order.order_id)
    assert [case.reason for case in cases] == ["double"] * 4
    own = stored(payment, order.order_id).transaction_id
    assert {case.transaction_id for case in cases} | {own} == {f"transaction-{n}" for n in range(5)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


def test_polling_notify_and_payer_at_once_pay_once(database: Database, sandbox: RunningSandbox) -> None:
    payment = wiring(database, settings(unionpay_url=sandbox.url), SystemClock())
    for n in range(ROUNDS):
        order = place(payment, n)
        requests.get(payment.unionpay.payment_page(order), timeout=10)
        paid = sandbox.act(order.mer_order_id, "pay")
        fields = signed(
            paid_fields(
                order.mer_order_id,
                targetOrderId=paid["targetOrderId"],
                payTime=paid["payTime"],
                signType="MD5",
            )
        )
        acts: list[Callable[[], object]] = [
            partial(ordering.look_at, order, payment),
            partial(notifies.receive_notify, fields, payment),
            partial(ordering.check_order, of(order), payment),
        ]
        assert [a for a in all_at_once(acts) if isinstance(a, Exception)] == []
        assert types(database, order.order_id) == ["order.placed.v1", "payment.succeeded.v1"]
        assert refunds(database, order.order_id) == []
        assert [line[2] for line in history(database, order.order_id)] == ["paid"]


def test_giving_up_and_paying_at_once_end_one_way(database: Database, sandbox: RunningSandbox) -> None:
    payment = wiring(database, settings(unionpay_url=sandbox.url), SystemClock())
    for n in range(ROUNDS):
        order = place(payment, n)
        requests.get(payment.unionpay.payment_page(order), timeout=10)
        control = f"{sandbox.url}/sandbox/api/orders/{order.mer_order_id}/pay"
        acts: list[Callable[[], object]] = [
            partial(ordering.close_order, of(order), payment),
            partial(requests.post, control, timeout=10),
        ]
        all_at_once(acts)
        ours, theirs = stored(payment, order.order_id).state, sandbox.order(order.mer_order_id)["status"]
        assert (ours, theirs) in {(OrderState.PAID, "TRADE_SUCCESS"), (OrderState.CLOSED, "TRADE_CLOSED")}
        event = "payment.succeeded.v1" if ours is OrderState.PAID else "payment.failed.v1"
        assert types(database, order.order_id) == ["order.placed.v1", event]


def test_two_pollers_never_take_the_same_order(payment: Wiring) -> None:
    with payment.database.transaction() as tx:
        for n in range(40):
            payment.orders.add(
                tx,
                an_order(
                    an_item(a_quote(quote_id=f"quote-{n}", year=2026 + n)), order_id=f"order-{n}",
                    mer_order_id=f"3194{n}", idempotency_key=f"key-{n}", next_action_at=NOW,
                ),
            )  # fmt: skip
    claims = at_once(lambda n: [order.order_id for order in ordering.claim_due(payment, 7)], 8)
    taken = [order_id for claim in claims if isinstance(claim, list) for order_id in claim]
    assert len(claims) == 8
    assert not any(isinstance(claim, Exception) for claim in claims)
    assert len(taken) == len(set(taken))
    while more := ordering.claim_due(payment, 7):
        taken += [order.order_id for order in more]
    assert sorted(taken) == sorted(f"order-{n}" for n in range(40))


def test_an_order_of_a_poller_that_died_is_due_again_after_its_lease(payment: Wiring) -> None:
    order = place(payment)
    clock = payment.clock
    assert isinstance(clock, SetClock)
    clock.advance(seconds=30)
    assert [due.order_id for due in ordering.claim_due(payment, 9)] == [order.order_id]
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert ordering.claim_due(payment, 9) == []
    clock.advance(seconds=1)
    assert [due.order_id for due in ordering.claim_due(payment, 9)] == [order.order_id]


@pytest.fixture
def impatient(database: Database) -> Iterator[Database]:
    """The same database, whose locks are waited for a tenth of a second."""
    impatient = Database(database.engine.url.render_as_string(hide_password=False))

    @event.listens_for(impatient.engine, "connect")
    def hurry(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 100")
        connection.commit()

    yield impatient
    impatient.engine.dispose()


def test_a_notify_that_meets_a_lock_is_kept_and_done_later(payment: Wiring, impatient: Database) -> None:
    order = place(payment)
    hurried = wiring(impatient, payment.config, payment.clock)
    with payment.database.transaction() as holder:
        holder.exec_driver_sql("SELECT 1 FROM orders FOR UPDATE")
        notifies.receive_notify(signed(paid_fields(order.mer_order_id)), hurried)
        assert stored(payment, order.order_id).state is OrderState.PLACED
    notifies.process_kept_notifies(hurried, 9)
    assert stored(payment, order.order_id).state is OrderState.PAID
    assert types(payment.database, order.order_id) == ["order.placed.v1", "payment.succeeded.v1"]
