"""What the pages of an order say of one insured, of several, and of several years."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.insurance import Channel, InsuranceType, PaymentKind
from contract.payment import OrderItem, OrderState, OrderView
from contract.quote import QuoteLine
from contract.refunded import ItemRefund
from services.gateway.domain.sessions import Session
from services.gateway.pages import Pages
from tests.unit.gateway.conftest import NOW, PAYER

MEDICAL = OrderItem(
    "韦**", "4501**********2040", "100123", "南宁市青秀区医疗保障局", InsuranceType.MEDICAL, PaymentKind.NORMAL,
    (QuoteLine(2026, "个人缴费标准", 40_000),), 40_000,
)  # fmt: skip
CHILDS = replace(MEDICAL, insured_name="谭**", insured_number="4501**********3012", relation_id="relation-1")
BACK = replace(
    MEDICAL, insurance_type=InsuranceType.PENSION, kind=PaymentKind.BACK, amount=60_000,
    lines=tuple(QuoteLine(year, "200元档", 20_000) for year in (2019, 2021, 2022)),
)  # fmt: skip


def order(*items: OrderItem, state: OrderState = OrderState.PAID) -> OrderView:
    amount = sum(item.amount for item in items)
    return OrderView(
        "order-1", state, items, amount, Channel.WECHAT_ACCOUNT, "韦**", NOW, NOW, NOW, NOW, None, False
    )


def shown(template: str, view: OrderView) -> str:
    """The words of a page, without its tags."""
    request = Request(EnvironBuilder(path="/orders/order-1").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    html = (
        Pages().render(template, request, session, order=view, orders=(view,), looks=1).get_data(as_text=True)
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize("template", ["order_paid.html", "order_reminder.html", "order_payable.html"])
def test_one_insured_is_told_without_a_number(template: str) -> None:
    text = shown(template, order(MEDICAL))
    assert "第1项" not in text
    assert re.search("险种 ?医疗保险 ", text)
    assert re.search("所属年度 ?2026年 ", text)
    assert "每年的金额" not in text


@pytest.mark.parametrize("template", ["order_paid.html", "order_reminder.html", "order_payable.html"])
def test_several_insured_are_told_one_by_one_with_their_amounts(template: str) -> None:
    text = shown(template, order(MEDICAL, CHILDS, BACK))
    for words in ("第1项400.00 元", "第2项400.00 元", "第3项600.00 元", "谭**", "4501**********3012"):
        assert words in text
    assert re.search(r"险种 ?养老保险（补缴）.*所属年度 ?2019、2021-2022年", text)
    assert "2019年，200元档，200.00 元 2021年，200元档，200.00 元" in re.sub("元 ?2", "元 2", text)
    assert "1400.00 元" in text


def test_a_list_names_an_order_in_a_few_words() -> None:
    assert "2026年 医疗保险400.00 元 韦** 2026" in shown("orders.html", order(MEDICAL))
    assert "2019、2021-2022年 养老保险（补缴）600.00 元 韦** 2026" in shown("orders.html", order(BACK))
    assert "社会保险费 共2项800.00 元 韦** 等2人 2026" in shown("orders.html", order(MEDICAL, CHILDS))


def test_whoever_pays_for_others_too_is_named_as_the_payer() -> None:
    assert "和留了手机号码的被缴费人" in shown("order_paid.html", order(MEDICAL, CHILDS))
    assert "和留了手机号码的被缴费人" not in shown("order_paid.html", order(MEDICAL, BACK))


@pytest.mark.parametrize("items", [(MEDICAL,), (CHILDS,), (MEDICAL, CHILDS)])
def test_an_order_that_failed_can_be_paid_again(items: tuple[OrderItem, ...]) -> None:
    text = shown("order_failed.html", replace(order(*items, state=OrderState.CLOSED), failure="超过支付时限"))
    assert "重新缴费" in text
    assert "没有扣款" in text


UNDER_WAY, DONE = ItemRefund((2026,), 40_000, NOW), ItemRefund((2026,), 40_000, NOW, NOW)


def test_a_refund_under_way_says_how_much_and_that_nothing_need_be_done() -> None:
    view = order(MEDICAL, replace(CHILDS, refunds=(UNDER_WAY,)), state=OrderState.REFUNDING)
    text = shown("order_refund.html", view)
    for words in ("正在退费 400.00 元", "退费中400.00 元，", "开始办理", "短信告诉您", "缴费金额800.00 元"):
        assert words in text
    assert "已退费" not in text
    assert "退费中" in shown("orders.html", view)


def test_a_refund_that_is_held_up_says_that_people_see_to_it() -> None:
    held_up = replace(UNDER_WAY, held_up=True)
    view = order(replace(MEDICAL, refunds=(held_up,)), state=OrderState.REFUNDING)
    text = shown("order_refund.html", view)
    for words in (
        "正在退费 400.00 元",
        "退费中（人工办理）",
        "这笔退费没有一次办成",
        "不用重新申请",
        "办好后，款项会退回原支付账户",
    ):
        assert words in text
    assert "退费中" in shown("orders.html", view)
    one_of_two = order(
        replace(MEDICAL, refunds=(held_up,)),
        replace(CHILDS, refunds=(UNDER_WAY,)),
        state=OrderState.REFUNDING,
    )
    assert "其中 400.00 元没有一次办成" in shown("order_refund.html", one_of_two)


def test_what_went_back_says_when_and_that_the_year_is_not_paid() -> None:
    view = order(replace(MEDICAL, refunds=(DONE,)), state=OrderState.REFUNDED)
    text = shown("order_refund.html", view)
    for words in ("已退费 400.00 元", "款项已退回原支付账户", "退回原支付账户", "对应年度没有缴费"):
        assert words in text
    assert "工作日" not in text, "nobody knows how long the bank takes, unless it is configured"
    assert "已退费" in shown("orders.html", view)


def test_a_paid_order_says_what_of_it_went_back() -> None:
    view = order(MEDICAL, replace(CHILDS, refunds=(DONE,)))
    assert "其中 400.00 元已退费" in shown("order_paid.html", view)
    assert "部分已退费" in shown("orders.html", view)
    assert "已退费400.00 元" in shown("order_reminder.html", view)
    assert "已退费" not in shown("order_paid.html", order(MEDICAL, CHILDS))


def test_some_years_that_went_back_are_named() -> None:
    view = order(replace(BACK, refunds=(ItemRefund((2021, 2022), 40_000, NOW, NOW),)))
    assert "已退费2021-2022年，400.00 元，" in shown("order_paid.html", view)


def test_money_that_was_not_the_orders_is_said_to_be_back() -> None:
    failed = replace(order(MEDICAL, state=OrderState.CLOSED), failure="已退回", returned_at=NOW)
    text = shown("order_failed.html", failed)
    assert "款项已于" in text
    assert "没有扣款" not in text
    assert "重新缴费" in text
    assert "款项已退回" in shown("orders.html", failed)
    assert "重复的款项，已于" in shown("order_paid.html", replace(order(MEDICAL), returned_at=NOW))


def test_how_long_a_refund_takes_is_said_only_where_it_is_configured() -> None:
    pages = Pages(SimpleNamespace(refund_arrival="一般1至3个工作日到账", wechat_sdk_url=""))
    view = order(replace(MEDICAL, refunds=(UNDER_WAY,)), state=OrderState.REFUNDING)
    request = Request(EnvironBuilder(path="/orders/order-1").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    html = pages.render("order_refund.html", request, session, order=view, looks=1).get_data(as_text=True)
    assert "一般1至3个工作日到账" in html
