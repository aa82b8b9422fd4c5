"""From the payer's browser to the event, through real processes: UnionPay's, ours, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from sqlalchemy import select

from contract import events
from contract.audit import Action
from contract.payment import OrderState, OrderView, PaymentFailed, PaymentSucceeded
from deploy.local.process import wait_until
from kit.audit import JOURNAL
from kit.database import Database
from services.payment.domain import failures
from services.payment.domain.orders import Order
from services.payment.models import notifies
from services.payment.usecases import ordering
from tests.fakes.payment_orders import paid_fields
from tests.fakes.payment_service import of, signed
from tests.integration.payment.databases import history, published, refunds, types
from tests.integration.payment.running import RunningPayment, running_payment

PAID = ["order.placed.v1", "payment.succeeded.v1"]
FORGED = 'unionpay_notifies_total{outcome="forged"}'
UNPAID = ["order.placed.v1", "payment.failed.v1"]


@pytest.fixture(scope="module")
def running(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPayment]:
    with running_payment(migrated, tmp_path_factory.mktemp("payment")) as running:
        yield running


def notify_answers(running: RunningPayment, order: Order) -> list[str]:
    """What we answered to UnionPay's notifies of an order."""
    sent = running.sandbox.order(order.mer_order_id)["notifies"]
    return [answer["answer"] for notify in sent for answer in notify["answers"]]


def answered(running: RunningPayment, order: Order, answers: list[str]) -> bool:
    return wait_until(lambda: notify_answers(running, order) == answers, 10)


def view(running: RunningPayment, order: Order) -> OrderView:
    return ordering.get_order(of(order), running.payment)


def ask(running: RunningPayment, order: Order) -> list[tuple[str, str, str, str]]:
    return history(running.payment.database, order.order_id)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_payer_pays_and_the_notify_settles_it(running: RunningPayment, method: str) -> None:
    order = running.reached(notify={"method": method})
    paid = running.sandbox.act(order.mer_order_id, "pay")
    assert running.becomes(order, OrderState.PAID)
    assert answered(running, order, ["200 SUCCESS"])
    envelopes = published(running.payment.database, order.order_id)
    assert [envelope.type for envelope in envelopes] == PAID
    event = events.data_of(envelopes[-1], PaymentSucceeded)
    assert (event.order_id, event.contribution.amount) == (order.order_id, order.amount)
    assert event.contribution.relation_id == f"relation-{order.items[0].years[0]}"
    assert event.paid_at.strftime("%Y-%m-%d %H:%M") == paid["payTime"][:16]
    assert running.stored(order.order_id).transaction_id == paid["targetOrderId"]


def test_a_lost_notify_is_found_by_asking(running: RunningPayment) -> None:
    order = running.reached(notify={"lost_rate": 1.0})
    running.sandbox.act(order.mer_order_id, "pay")
    running.later(seconds=61)
    assert running.becomes(order, OrderState.PAID)
    assert notify_answers(running, order) == []
    assert ask(running, order)[-1] == ("placed", "succeeded", "paid", "query")
    assert types(running.payment.database, order.order_id) == PAID


def test_notifies_sent_twice_pay_once(running: RunningPayment) -> None:
    order = running.reached(notify={"duplicate_rate": 1.0})
    running.sandbox.act(order.mer_order_id, "pay")
    running.sandbox.act(order.mer_order_id, "notify-now")
    assert answered(running, order, ["200 SUCCESS"] * 3)
    assert types(running.payment.database, order.order_id) == PAID
    assert refunds(running.payment.database, order.order_id) == []


def test_an_order_without_a_clear_answer_is_unknown_until_there_is_one(running: RunningPayment) -> None:
    order = running.reached(notify={"lost_rate": 1.0}, unionpay={"query_unknown_rate": 1.0})
    running.sandbox.act(order.mer_order_id, "pay")
    running.later(seconds=61)
    assert running.becomes(order, OrderState.UNKNOWN)
    running.sandbox.misbehave(order.mer_order_id, unionpay={"query_unknown_rate": 0.0})
    running.later(seconds=61)
    assert running.becomes(order, OrderState.PAID)
    assert [line[2] for line in ask(running, order)] == ["unknown", "paid"]
    assert types(running.payment.database, order.order_id) == PAID


@pytest.mark.parametrize("fault", [{"error_rate": 1.0}, {"timeout_rate": 1.0, "timeout_seconds": 2}])
def test_unionpay_away_for_a_while_costs_nothing(running: RunningPayment, fault: dict[str, float]) -> None:
    order = running.reached(notify={"lost_rate": 1.0})
    running.sandbox.act(order.mer_order_id, "pay")
    running.sandbox.misbehave(order.mer_order_id, unionpay=fault)
    running.later(seconds=61)
    assert running.becomes(order, OrderState.UNKNOWN)
    running.sandbox.misbehave(order.mer_order_id, unionpay=dict.fromkeys(("error_rate", "timeout_rate"), 0.0))
    running.later(seconds=61)
    assert running.becomes(order, OrderState.PAID)


@pytest.mark.parametrize("opened", [True, False], ids=["opened", "never opened"])
def test_an_order_nobody_pays_is_closed_when_its_time_is_over(running: RunningPayment, opened: bool) -> None:
    order = running.reached() if opened else running.place()
    running.later(minutes=33)
    assert running.becomes(order, OrderState.CLOSED)
    last = published(running.payment.database, order.order_id)[-1]
    event = events.data_of(last, PaymentFailed)
    assert (event.reason_code, event.reason) == ("expired", failures.FAILURES["expired"].reason)
    assert view(running, order).failure == "超过支付时限未支付，订单已关闭，没有扣款"


@pytest.mark.parametrize(
    ("action", "words"), [("cancel", "取消了支付，没有扣款"), ("decline", "未能完成扣款，没有扣款")]
)
def test_a_payment_that_did_not_happen_says_why(running: RunningPayment, action: str, words: str) -> None:
    order = running.reached()
    running.sandbox.act(order.mer_order_id, action)
    assert ordering.check_order(of(order), running.payment).state is OrderState.CLOSED
    assert words in (view(running, order).failure or "")
    assert types(running.payment.database, order.order_id) == UNPAID


def test_a_late_success_on_a_closed_order_opens_a_refund_case(running: RunningPayment) -> None:
    order = running.reached()
    assert ordering.close_order(of(order), running.payment).state is OrderState.CLOSED
    late = running.sandbox.act(order.mer_order_id, "pay-late")
    assert answered(running, order, ["200 SUCCESS"])
    (case,) = refunds(running.payment.database, order.order_id)
    assert (case.reason, case.amount, case.transaction_id) == ("late", order.amount, late["targetOrderId"])
    assert wait_until(lambda: view(running, order).returned_at is not None, 10)
    assert (view(running, order).state, view(running, order).failure) == (
        OrderState.CLOSED,
        failures.RETURNED,
    )
    assert types(running.payment.database, order.order_id) == [*UNPAID, "payment.returned.v1"]
    assert running.sandbox.order(order.mer_order_id)["refunded"] == order.amount


def test_a_second_success_opens_a_refund_case(running: RunningPayment) -> None:
    order = running.reached()
    running.sandbox.act(order.mer_order_id, "pay")
    assert running.becomes(order, OrderState.PAID)
    second = signed(paid_fields(order.mer_order_id, order.amount, targetOrderId="a second transaction"))
    assert running.hear(second) == (200, "SUCCESS")
    assert running.hear(second) == (200, "SUCCESS")
    (case,) = refunds(running.payment.database, order.order_id)
    assert (case.reason, case.transaction_id, case.amount) == ("double", "a second transaction", order.amount)
    assert view(running, order).state is OrderState.PAID
    assert types(running.payment.database, order.order_id) == PAID


def test_another_amount_fails_the_order_and_opens_a_refund_case(running: RunningPayment) -> None:
    order = running.reached()
    assert running.hear(signed(paid_fields(order.mer_order_id, 1))) == (200, "SUCCESS")
    (case,) = refunds(running.payment.database, order.order_id)
    assert (case.reason, case.amount) == ("mispaid", 1)
    assert view(running, order).state is OrderState.FAILED
    assert types(running.payment.database, order.order_id) == UNPAID
    event = events.data_of(published(running.payment.database, order.order_id)[-1], PaymentFailed)
    assert event.reason_code == "mispaid"


@pytest.mark.parametrize("action", ["forge-notify", "forge-amount"])
def test_a_forged_notify_changes_nothing(running: RunningPayment, action: str) -> None:
    order = running.reached()
    before = running.stored(order.order_id)
    running.sandbox.act(order.mer_order_id, action)
    assert answered(running, order, ["400 FAILED"])
    assert running.stored(order.order_id) == before
    with running.payment.database.read() as connection:
        kept = connection.execute(select(notifies).where(notifies.c.mer_order_id == order.mer_order_id))
        assert kept.all() == []
    assert types(running.payment.database, order.order_id) == ["order.placed.v1"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_empty_notify_is_refused(running: RunningPayment, method: str) -> None:
    assert running.hear({}, method) == (400, "FAILED")


def test_a_genuine_notify_of_an_unknown_order_is_kept_and_answered(running: RunningPayment) -> None:
    number = "319420261123100500000999999"
    assert running.hear(signed(paid_fields(number))) == (200, "SUCCESS")

    def reason() -> str | None:
        with running.payment.database.read() as connection:
            kept = connection.execute(select(notifies).where(notifies.c.mer_order_id == number)).one()
        assert kept.processed_at is None
        reason: str | None = kept.reason
        return reason

    assert wait_until(lambda: reason() == "UnknownOrder", 10)


def test_forged_notifies_are_counted_for_the_operator(running: RunningPayment) -> None:
    def counted() -> float:
        lines = requests.get(f"{running.url}/metrics", timeout=10).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(FORGED))

    before = counted()
    running.hear({"sign": "forged"})
    assert counted() == before + 1
    with running.payment.database.read() as connection:
        (act,) = JOURNAL.latest(connection, action=Action.NOTIFY_FORGED, limit=1)
    assert (act.result, act.target) == ("refused", "")
