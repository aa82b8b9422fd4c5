"""What the pages of an order say of one insured, of several, and of several years."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.insurance import Channel, InsuranceType, PaymentKind
from contract.payment import OrderItem, OrderState, OrderView
from contract.quote import QuoteLine
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
