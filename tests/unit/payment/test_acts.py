"""What payment journals: every act that moves money, by whom, and nobody's name or number."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

import pytest

from contract.audit import Action
from contract.payment import OrderNotFound, OrderOfPayer
from contract.refunds import RequestRefund
from services.payment.usecases import ordering, refunding
from tests.fakes.audit import FakeJournal
from tests.fakes.payment_orders import OPERATOR, OTHER_PAYER, PAYER
from tests.fakes.payment_service import Payment, of


def journal(payment: Payment) -> FakeJournal:
    return cast(FakeJournal, payment.wiring.journal)


def told(payment: Payment) -> list[tuple[str, str, str]]:
    return [(act.actor, act.action.value, str(act.detail.get("to", ""))) for act in journal(payment).acts]


def test_an_order_is_journalled_as_it_is_placed_and_paid(payment: Payment) -> None:
    order = payment.paid()
    assert told(payment) == [
        (f"resident:{PAYER.person_id}", "order.placed", ""), ("system:payment", "order.moved", "paid"),
    ]  # fmt: skip
    placed = journal(payment).acts[0]
    assert (placed.target, placed.detail["amount"]) == (f"order:{order.order_id}", order.amount)


def test_who_gives_an_order_up_did_it(payment: Payment) -> None:
    order = payment.placed()
    ordering.close_order(of(order), payment.wiring)
    (closed,) = journal(payment).of(Action.ORDER_CLOSED)
    assert (closed.actor, closed.detail["to"]) == (f"resident:{PAYER.person_id}", "closed")


def test_who_asks_for_anothers_order_is_journalled_and_learns_nothing(payment: Payment) -> None:
    order = payment.placed()
    with pytest.raises(OrderNotFound):
        ordering.get_order(of(order, OTHER_PAYER.person_id), payment.wiring)
    (act,) = journal(payment).of(Action.FOREIGN_ASKED)
    assert (act.actor, act.target) == (f"resident:{OTHER_PAYER.person_id}", f"order:{order.order_id}")
    assert act.result == OrderNotFound.code


def test_an_order_nobody_has_is_no_act(payment: Payment) -> None:
    with pytest.raises(OrderNotFound):
        ordering.get_order(OrderOfPayer(PAYER.person_id, "none"), payment.wiring)
    assert journal(payment).of(Action.FOREIGN_ASKED) == []


def test_a_refund_is_journalled_with_its_reason_until_the_money_is_back(payment: Payment) -> None:
    order = payment.paid()
    request = RequestRefund(OPERATOR, order.order_id, "重复参保", "key-1")
    refunding.request_refund(request, payment.wiring)
    payment.look_at_refunds()
    (wanted,) = journal(payment).of(Action.REFUND_WANTED)
    assert (wanted.actor, wanted.purpose) == (f"staff:{OPERATOR.operator_id}", "重复参保")
    assert journal(payment).of(Action.REFUND_MOVED)


def test_no_act_names_anybody(payment: Payment) -> None:
    order = payment.paid()
    refunding.request_refund(RequestRefund(OPERATOR, order.order_id, "重复参保", "key-1"), payment.wiring)
    payment.look_at_refunds()
    everything = json.dumps([asdict(act) for act in journal(payment).acts], ensure_ascii=False)
    names = {PAYER.name, PAYER.phone, OPERATOR.name} | {item.insured.name for item in order.items}
    numbers = {item.insured.document_number for item in order.items} | {
        item.person_number for item in order.items
    }
    assert [one for one in names | numbers if one in everything] == []
