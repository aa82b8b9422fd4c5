"""What others see of an order."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from contract import schema
from contract.insurance import Channel
from contract.payment import OrderState
from services.payment.domain import failures
from services.payment.domain.orders import Order, Report, Trigger
from services.payment.usecases import views
from tests.fakes.payment_orders import INSURED, NOW, an_order, settings
from tests.fakes.payment_service import Payment

PAID = Report(Trigger.SUCCEEDED, "notify", "transaction-1", NOW, 40000)


def everything_published(order: Order) -> dict[str, str]:
    shown = {
        "view": views.view_of(order, settings()),
        "placed": views.placed(order),
        "succeeded": views.succeeded(order, order.items[0], PAID, settings()),
        "failed": views.failed(order, order.items[0], replace(PAID, failure_code="expired"), NOW),
        "paid": views.paid_contributions(replace(order, paid_at=NOW))[0],
    }
    return {name: json.dumps(schema.dump(item), ensure_ascii=False) for name, item in shown.items()}


@pytest.mark.parametrize("name", ["view", "placed", "succeeded", "failed"])
def test_no_name_or_number_is_shown_whole(name: str) -> None:
    order = an_order()
    text = everything_published(order)[name]
    assert INSURED.document_number not in text
    assert INSURED.name not in text
    assert order.payer_name not in text
    assert "韦**" in text
    assert "4501**********2040" in text


def test_a_payer_never_sees_a_phone() -> None:
    text = everything_published(an_order())["view"]
    assert "13800138000" not in text
    assert "13700137000" not in text


def test_what_was_paid_names_neither_insured_nor_payer() -> None:
    order = an_order()
    text = everything_published(order)["paid"]
    names = (INSURED.name, order.payer_name, order.payer_id)
    for personal in (*names, INSURED.document_number, "*", "1380"):
        assert personal not in text
    assert order.items[0].agency_name in text


def test_a_reminder_has_every_field_the_requirement_names() -> None:
    order = an_order()
    told = views.contribution_of(order, order.items[0])
    assert (told.insured_number, told.insured_name, told.operator_name) == (
        "4501**********2040",
        "韦**",
        "黄**",
    )
    assert (told.social_number, told.agency_name) == ("4501030090000001", "青秀区社会保险事业管理中心")
    assert (told.insurance_type.label, told.years, told.amount) == ("医疗保险", (2026,), 40000)
    assert told.channel is Channel.WECHAT_ACCOUNT
    assert (told.payer_phone, told.insured_phone) == ("13800138000", "13700137000")


def test_every_event_of_an_order_names_its_relation(payment: Payment) -> None:
    order_id = payment.place(relation_id="relation-1").order_id
    payment.notify(payment.storage.orders[order_id])
    order = payment.storage.orders[order_id]
    failed = views.failed(order, order.items[0], replace(PAID, failure_code="expired"), NOW)
    placed, succeeded = map(schema.dump, payment.events)
    told = [*placed["contributions"], succeeded["contribution"], schema.dump(failed)["contribution"]]
    assert [contribution["relation_id"] for contribution in told] == ["relation-1"] * 3
    assert views.view_of(order, settings()).items[0].relation_id == "relation-1"


def test_the_certificate_can_be_printed_when_the_setting_says() -> None:
    order = an_order(state=OrderState.PAID, paid_at=NOW, transaction_id="transaction-1")
    config = settings(certificate_after=3600)
    assert views.view_of(order, config).certificate_at == NOW + dt.timedelta(hours=1)
    assert views.succeeded(order, order.items[0], PAID, config).certificate_at == NOW + dt.timedelta(hours=1)
    assert views.view_of(an_order(), config).certificate_at is None


@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.FAILED])
def test_an_order_that_will_never_be_paid_says_why(state: OrderState) -> None:
    view = views.view_of(an_order(state=state, failure_code="declined"), settings())
    assert view.failure == failures.FAILURES["declined"].reason
    assert not view.refund_case


@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.FAILED])
def test_money_we_must_return_is_said_before_anything_else(state: OrderState) -> None:
    view = views.view_of(an_order(state=state, failure_code="expired", refund_due=True), settings())
    assert (view.failure, view.refund_case) == (failures.PENDING_REFUND, True)
    assert "没有扣款" not in failures.PENDING_REFUND


@pytest.mark.parametrize(
    "state", [state for state in OrderState if state not in (OrderState.CLOSED, OrderState.FAILED)]
)
def test_an_order_that_has_not_failed_shows_no_failure(state: OrderState) -> None:
    assert views.view_of(an_order(state=state), settings()).failure is None
