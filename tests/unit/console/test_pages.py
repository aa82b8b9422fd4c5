"""What pages say of money: where it is, and what to do next."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from contract.payment_desk import find_orders, get_break
from contract.reconciliation import BreakKind, BreakState, Party
from contract.refunds import RefundState, get_refund
from contract.staff import Role
from kit.http import MemoryRequest
from services.console.domain.guidance import BREAKS, REFUNDS
from services.console.pages import Pages
from tests.factories.payloads import answer
from tests.unit.console.conftest import Desk

PAGES = Pages()


def shown(desk: Desk, template: str, role: Role = Role.AUTHORITY, **context: Any) -> str:
    """The words of a page."""
    request = MemoryRequest(EnvironBuilder("/").get_environ())
    session = desk.settled(f"staff{len(desk.accounts.kept)}", role)
    html = PAGES.render(template, request, session, **context).get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<main")[2]))


def refund_page(desk: Desk, state: RefundState, role: Role = Role.AUTHORITY) -> str:
    refund = replace(
        answer(get_refund), state=state, failure="银联没有受理" if state is RefundState.FAILED else None
    )
    return shown(desk, "refund.html", role, refund=refund, failed=RefundState.FAILED, guide=REFUNDS[state])


@pytest.mark.parametrize("state", RefundState)
def test_every_state_of_a_refund_says_where_the_money_is(desk: Desk, state: RefundState) -> None:
    text = refund_page(desk, state)
    assert REFUNDS[state] in text
    assert ("重新提交" in text) == (state is RefundState.FAILED)


def test_a_failed_refund_promises_no_next_step_of_the_system_and_is_retried_by_whom_it_is_for(
    desk: Desk,
) -> None:
    assert "系统下次处理" not in refund_page(desk, RefundState.FAILED)
    assert "不会重复退" not in refund_page(desk, RefundState.FAILED, Role.SUPPORT)


def test_an_order_whose_refund_failed_says_so(desk: Desk) -> None:
    (order,) = answer(find_orders).orders
    failed = replace(answer(get_refund), state=RefundState.FAILED, failure="银联没有受理")
    context = {"found": (replace(order, refunds=(failed,)),), "states": {"paid": "缴费成功"}, "number": ""}
    assert "退费失败，待人工处理" in shown(desk, "orders.html", **context)


def test_every_kind_of_break_says_what_it_means() -> None:
    assert {kind for _, kind in BREAKS} == set(BreakKind)
    assert {party for party, _ in BREAKS} == set(Party)


def break_page(desk: Desk, role: Role = Role.AUTHORITY, **changed: Any) -> str:
    told = answer(get_break)
    one = replace(told.found, **changed)
    return shown(desk, "break.html", role, one=one, history=told.history, guide=BREAKS[one.party, one.kind])


def test_a_break_is_told_side_by_side_in_words(desk: Desk) -> None:
    text = break_page(desk)
    assert BREAKS[Party.UNIONPAY, BreakKind.AMOUNT] in text
    assert "2026年11月22日" in text and "400.00元，已支付" in text and "401.00元" in text
    assert "查询这笔订单" in text
    unknown = break_page(desk, payer="", our_amount=None, our_state="")
    assert "不是我方订单" in unknown and "没有这笔金额" in unknown and "查询这笔订单" not in unknown


def test_only_who_may_act_on_a_break_is_offered_to(desk: Desk) -> None:
    looking = break_page(desk, Role.AUDITOR)
    assert "分派" in break_page(desk)
    assert "关闭差异" not in looking and "处理办法" not in looking and "查询这笔订单" not in looking
    closed = break_page(desk, state=BreakState.CLOSED, actions=())
    assert BREAKS[Party.UNIONPAY, BreakKind.AMOUNT] not in closed and "关闭差异" not in closed
