"""Refunds at a running service, on PostgreSQL and RabbitMQ: given back once, whatever is lost or asked at once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from contract import events
from contract.audit import Action
from contract.payment import OrderState
from contract.refunds import (
    OrderNotRefundable,
    PartRefunded,
    PaymentRefunded,
    RefundNamed,
    RefundNotFound,
    RefundRequested,
    RefundState,
    RefundView,
    RetryRefund,
    get_refund,
    request_refund,
)
from contract.staff import Role, Staff
from deploy.broker import MIGRATION
from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from kit.audit import JOURNAL, cli
from kit.consumer import declare_queues
from kit.crypto import KeyRing
from kit.database import Database
from kit.staff import seal_for
from services.payment import refund_desk
from services.payment.domain.orders import Order
from services.payment.models import inbox, refund_history
from services.payment.service import PaymentService
from services.payment.usecases import ordering, refunding
from services.payment.usecases.wiring import LEASE
from tests.fakes.payment_orders import OPERATOR, a_quote, asking, asking_back
from tests.integration.notify.bus import call, publish
from tests.integration.payment.databases import at_once, published, types
from tests.integration.payment.running import RunningPayment, environment_of, running_payment

REFUNDED = ["order.placed.v1", "payment.succeeded.v1", "payment.refunded.v1"]


@pytest.fixture(scope="module")
def running(
    migrated: Database, rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPayment]:
    # Whoever publishes before the service has started would publish to nobody.
    declare_queues(PaymentService, rabbitmq.url(MIGRATION))
    with running_payment(migrated, tmp_path_factory.mktemp("refunds"), rabbitmq.url("payment")) as running:
        yield running


def begin(running: RunningPayment, order: Order, key: str = "") -> RefundView:
    return refunding.request_refund(asking_back(order, key=key or str(uuid.uuid4())), running.payment)


def refunded_there(running: RunningPayment, order: Order) -> list[tuple[int, str]]:
    """UnionPay's refunds of an order."""
    return [(one["amount"], one["status"]) for one in running.sandbox.order(order.mer_order_id)["refunds"]]


def becomes(running: RunningPayment, refund: RefundView, state: RefundState) -> bool:
    named = RefundNamed(refund.refund_id)
    return wait_until(lambda: refunding.get_refund(named, running.payment).state is state, 10)


def test_a_refund_goes_all_the_way_and_the_person_can_pay_again(running: RunningPayment) -> None:
    order = running.paid()
    begin(running, order)
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "SUCCESS")]
    envelopes = published(running.payment.database, order.order_id)
    assert [envelope.type for envelope in envelopes] == REFUNDED
    event = events.data_of(envelopes[-1], PaymentRefunded)
    assert (event.contribution.amount, event.contribution.years) == (order.amount, order.items[0].years)
    (ledger,) = running.sandbox.order(order.mer_order_id)["postings"] or [{"reversed": True}]
    assert ledger["reversed"]
    again = a_quote(
        quote_id=str(uuid.uuid4()), year=order.items[0].years[0],
        expires_at=running.payment.clock.now().replace(year=2999),
    )  # fmt: skip
    assert ordering.place_order(asking(again, key=str(uuid.uuid4())), running.payment).order_id


def test_fifty_requests_for_the_same_line_give_it_back_once(running: RunningPayment) -> None:
    order = running.paid()
    answers = at_once(lambda n: begin(running, order, f"{order.order_id}-{n}"))
    kinds = Counter(type(answer) for answer in answers)
    assert kinds[RefundView] == 1
    assert set(kinds) <= {RefundView, PartRefunded, OrderNotRefundable}
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "SUCCESS")]


def test_the_same_request_fifty_times_is_one_refund(running: RunningPayment) -> None:
    order = running.paid()
    answers = at_once(lambda n: begin(running, order, order.order_id))
    assert len({answer.refund_id for answer in answers if isinstance(answer, RefundView)}) == 1
    assert all(isinstance(answer, RefundView) for answer in answers)
    assert running.becomes(order, OrderState.REFUNDED)
    assert types(running.payment.database, order.order_id) == REFUNDED


def test_several_pollers_share_what_is_due(running: RunningPayment) -> None:
    orders = [running.paid(unionpay={"refund_status": "PROCESSING"}) for _ in range(3)]
    for order in orders:
        begin(running, order)
    claims = at_once(lambda n: refunding.claim_due(running.payment, 1), 12)
    ids = [refund.refund_id for claim in claims if not isinstance(claim, Exception) for refund in claim]
    assert len(ids) == len(set(ids))


def test_whoever_died_between_refund_and_answer_gave_back_once(running: RunningPayment) -> None:
    order = running.paid()
    with running.payment.database.transaction() as tx:
        locked = running.payment.orders.lock(tx, order.order_id)
        request = asking_back(order, key=str(uuid.uuid4()))
        refund = refunding._begin(tx, locked, request, refunding.RefundOrigin.STAFF, running.payment)
        # Claimed by a replica that asks UnionPay and is killed before it can note the answer.
        (claimed,) = [
            one
            for one in running.payment.refunds.claim_due(
                tx, running.payment.clock.now(), running.payment.clock.now() + LEASE, 99
            )
            if one.refund_id == refund.refund_id
        ]
    running.payment.unionpay.refund(order, claimed)
    assert running.stored(order.order_id).state is OrderState.REFUNDING
    running.later(seconds=61)
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "SUCCESS")]
    assert types(running.payment.database, order.order_id) == REFUNDED


@pytest.mark.parametrize(
    "fault",
    [
        {"refund_status": "PROCESSING", "refund_delay_seconds": 20},
        {"refund_status": "UNKNOWN", "refund_delay_seconds": 20},
        {"accept_then_timeout_rate": 1.0, "timeout_seconds": 2},
        {"error_rate": 1.0},
    ],
    ids=["processing", "unknown", "lost answer", "down"],
)
def test_what_is_not_clear_at_once_is_asked_about_until_it_is(
    running: RunningPayment, fault: dict[str, Any]
) -> None:
    order = running.paid()
    running.sandbox.misbehave(order.mer_order_id, unionpay=fault)
    refund = begin(running, order)
    expected = RefundState.SUBMITTED if fault.get("refund_status") == "PROCESSING" else RefundState.UNKNOWN
    assert becomes(running, refund, expected)
    running.sandbox.misbehave(
        order.mer_order_id, unionpay={"accept_then_timeout_rate": 0.0, "error_rate": 0.0}
    )
    running.later(seconds=61)
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "SUCCESS")]


def test_a_failed_refund_is_tried_again_by_staff(running: RunningPayment) -> None:
    order = running.paid(unionpay={"refund_status": "FAIL"})
    refund = begin(running, order)
    assert becomes(running, refund, RefundState.FAILED)
    running.sandbox.misbehave(order.mer_order_id, unionpay={"refund_status": "SUCCESS"})
    refunding.retry_refund(RetryRefund(OPERATOR, refund.refund_id), running.payment)
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "FAIL"), (order.amount, "SUCCESS")]
    with running.payment.database.read() as connection:
        mine = select(refund_history).where(refund_history.c.refund_id == refund.refund_id)
        lines = connection.execute(mine.order_by(refund_history.c.id)).all()
    assert [(line.to_state, line.operator_id) for line in lines] == [
        ("failed", ""),
        ("requested", OPERATOR.operator_id),
        ("refunded", ""),
    ]


def test_the_tax_core_asks_over_the_bus(running: RunningPayment, rabbitmq: RabbitMQ) -> None:
    order = running.paid()
    wanted = RefundRequested(f"SBTF-{order.order_id}", order.mer_order_id, OPERATOR, "重复参保")
    publish(rabbitmq.url("taxcore"), ("tax-core-1", wanted), ("tax-core-1", wanted), ("tax-core-2", wanted))
    assert running.becomes(order, OrderState.REFUNDED)
    assert refunded_there(running, order) == [(order.amount, "SUCCESS")]
    assert types(running.payment.database, order.order_id) == REFUNDED


def test_a_request_for_an_unknown_order_is_kept_for_an_operator(
    running: RunningPayment, rabbitmq: RabbitMQ
) -> None:
    publish(
        rabbitmq.url("taxcore"),
        ("tax-core-3", RefundRequested("SBTF-0", "319400000000000", OPERATOR, "重复参保")),
    )

    def reason() -> str:
        with running.payment.database.read() as connection:
            rows = connection.execute(select(inbox).where(inbox.c.state != "done")).all()
        return " ".join(row.reason for row in rows)

    assert wait_until(lambda: "OrderNotFound" in reason(), 10)


def test_staff_ask_over_the_bus(running: RunningPayment, rabbitmq: RabbitMQ) -> None:
    order = running.paid()
    asked = asking_back(order, key=str(uuid.uuid4()))
    staff = Staff("mo", "莫敏", Role.AUTHORITY)
    seal = seal_for(staff, KeyRing.parse(running.payment.config.staff_keys), running.payment.clock)
    first, again = (call(rabbitmq.url("console"), request_refund, asked, seal) for _ in range(2))
    assert first.operator_name == "莫敏"
    assert first.refund_id == again.refund_id
    assert running.becomes(order, OrderState.REFUNDED)


def test_what_staff_ask_for_and_is_not_of_their_level_is_journalled(
    running: RunningPayment, rabbitmq: RabbitMQ
) -> None:
    begun = refunding.request_refund(asking_back(running.paid()), running.payment)
    staff = Staff("liu", "柳州", Role.AUTHORITY, "450200")
    seal = seal_for(staff, KeyRing.parse(running.payment.config.staff_keys), running.payment.clock)
    with pytest.raises(RefundNotFound):
        call(rabbitmq.url("console"), get_refund, RefundNamed(begun.refund_id), seal)
    with running.payment.database.read() as connection:
        (act,) = JOURNAL.latest(connection, actor="staff:liu")
    assert (act.action, act.target, act.result) == (
        Action.FOREIGN_ASKED, f"payment.get_refund:{begun.refund_id}", RefundNotFound.code,
    )  # fmt: skip


def test_the_desk_speaks_chinese(
    running: RunningPayment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = running.paid()
    for name, value in environment_of(running.payment.config).items():
        monkeypatch.setenv(name, value)
    staff = ["--operator", "gx0007", "--name", "莫敏"]
    assert refund_desk.main(["request", order.order_id, "--reason", "重复参保", *staff]) == 0
    assert "状态：待提交" in capsys.readouterr().out
    with running.payment.database.read() as connection:
        (act,) = JOURNAL.latest(connection, actor="staff:gx0007", limit=1)
    assert (act.action, act.origin) == (Action.REFUND_WANTED, cli()), "who it is rests on no word of theirs"
    assert running.becomes(order, OrderState.REFUNDED)
    assert refund_desk.main(["request", order.order_id, "--reason", "重复参保", *staff]) == 1
    assert "未办理：这笔缴费没有处于已缴费状态，不能退费。" in capsys.readouterr().err
    assert refund_desk.main(["list", "--order", order.order_id]) == 0
    listed = capsys.readouterr().out
    assert "已退费  400.00元  工作人员" in listed
    assert refund_desk.main(["show", listed.split()[0]]) == 0
    assert "韦** 4501**********2040" in capsys.readouterr().out
