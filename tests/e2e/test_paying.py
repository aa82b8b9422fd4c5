"""Money: one order however often and wherever it is pressed; every way back from UnionPay shows the truth."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem
from tests.e2e.resident import Resident


@pytest.fixture
def resident(page: Page, embedded_system: EmbeddedSystem) -> Resident:
    """Logged in."""
    someone = Resident(page, embedded_system)
    someone.log_in()
    return someone


def _orders(resident: Resident) -> int:
    """How many orders the payer has, by the menu's list."""
    tab = resident.page.context.new_page()
    tab.goto(resident.url + "/orders")
    count = tab.locator("ul.orders > li").count()
    tab.close()
    return count


def test_a_double_click_makes_one_order(resident: Resident) -> None:
    resident.to_payment()
    resident.page.get_by_role("button", name="确认缴费").dblclick(no_wait_after=True)
    resident.order_number()
    assert _orders(resident) == 1


def test_two_tabs_make_one_order(resident: Resident) -> None:
    resident.to_payment()
    other = resident.page.context.new_page()
    other.goto(resident.page.url)
    resident.press("确认缴费")
    first = resident.order_number()
    other.get_by_role("button", name="确认缴费").click()
    expect(other.locator("dd.number")).to_have_text(first)
    assert _orders(resident) == 1


@pytest.mark.javascript
def test_back_from_unionpay_shows_the_order_and_never_a_second_one(resident: Resident) -> None:
    resident.to_cashier()
    resident.page.go_back()
    resident.page.reload()
    resident.is_at("正在确认，请勿重复缴费")
    assert _orders(resident) == 1


def test_back_after_paying_never_charges_again(resident: Resident) -> None:
    number = resident.to_cashier()
    resident.pay()
    resident.is_at("缴费成功")
    resident.page.goto(resident.url + "/menu")
    resident.page.go_back()
    resident.page.go_back()
    resident.page.go_back()
    resident.page.goto(resident.url + "/menu")
    resident.sees("缴费成功")
    resident.sees_not("继续上次缴费")
    assert resident.sandbox.order_of(number)["status"] == "TRADE_SUCCESS"
    assert _orders(resident) == 1


def test_a_stale_page_leads_to_the_present_state(resident: Resident) -> None:
    """A payment page rendered for a quote that was since replaced must not charge."""
    resident.to_payment()
    stale = resident.page.context.new_page()
    stale.goto(resident.page.url)
    years = resident.page.url.replace("/payment", "/choice")
    resident.page.goto(years)
    resident.page.get_by_label("缴费年度").select_option(index=1)
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.is_at("缴费信息确认")
    stale.get_by_role("button", name="确认缴费").click()
    expect(stale.get_by_role("heading", level=1)).to_have_text("缴费信息确认")
    expect(stale.locator("main")).to_contain_text("这个页面的内容已经变化")
    assert _orders(resident) == 0


def test_a_tampered_amount_changes_nothing(resident: Resident) -> None:
    """Nothing a form says is an amount; the key of another page is refused."""
    resident.to_payment()
    resident.page.locator("form.page").evaluate(
        "form => { for (const [name, value] of [['amount', '1'], ['quote', 'x'], ['tier_code', '1']]) {"
        "const input = document.createElement('input'); input.name = name; input.value = value;"
        "form.append(input); } }"
    )
    resident.press("确认缴费")
    assert resident.sandbox.order_of(resident.order_number())["totalAmount"] == 40_000


def test_another_key_than_the_pages_is_refused(resident: Resident) -> None:
    resident.to_payment()
    resident.page.locator("input[name=idempotency_key]").evaluate("field => field.value = 'f'.repeat(32)")
    resident.press("确认缴费")
    resident.is_at("缴费信息确认")
    resident.sees("这个页面的内容已经变化")
    assert _orders(resident) == 0


@pytest.mark.javascript
def test_cancelling_at_unionpay_shows_a_failure_and_no_charge(resident: Resident) -> None:
    resident.to_cashier()
    resident.press("取消支付")
    resident.is_at("交易失败")
    resident.sees("没有扣款")
    resident.press("重新缴费")
    resident.is_at("缴费人信息")


@pytest.mark.javascript
def test_leaving_unionpay_unpaid_can_be_gone_on_with(resident: Resident) -> None:
    number = resident.to_cashier()
    resident.press("返回商户")
    resident.is_at("正在确认，请勿重复缴费")
    resident.page.goto(resident.url + "/menu")
    resident.press("继续上次缴费")
    resident.is_at("还没有收到您的付款")
    resident.press("继续支付 400.00 元")
    assert resident.order_number() == number
    resident.pay()
    resident.is_at("缴费成功")


@pytest.mark.javascript
def test_an_order_given_up_is_closed_without_a_charge(resident: Resident) -> None:
    number = resident.to_cashier()
    resident.page.goto(resident.url + "/menu")
    resident.press("继续上次缴费")
    resident.press("放弃本次缴费")
    resident.is_at("交易失败")
    resident.sees("没有扣款")
    assert resident.sandbox.order_of(number)["status"] == "TRADE_CLOSED"


@pytest.mark.javascript
def test_a_lost_notify_is_asked_after(resident: Resident) -> None:
    """The waiting page refreshes itself, without JavaScript too, until UnionPay was asked."""
    number = resident.to_cashier()
    resident.sandbox.put(f"/orders/{number}/settings", {"notify": {"lost_rate": 1}})
    resident.pay()
    expect(resident.page.get_by_role("heading", level=1)).to_have_text("缴费成功")


def test_an_unclear_answer_says_do_not_pay_again(resident: Resident) -> None:
    number = resident.to_cashier()
    resident.sandbox.put(
        f"/orders/{number}/settings",
        {"notify": {"lost_rate": 1}, "unionpay": {"query_unknown_rate": 1}},
    )
    resident.pay()
    resident.is_at("正在确认，请勿重复缴费")
    resident.sandbox.put(f"/orders/{number}/settings", {"unionpay": {"query_unknown_rate": 0}})
    resident.sandbox.post(f"/orders/{number}/notify-now")
    expect(resident.page.get_by_role("heading", level=1)).to_have_text("缴费成功")


def test_a_forged_notify_pays_nothing(resident: Resident) -> None:
    number = resident.to_cashier()
    resident.sandbox.post(f"/orders/{number}/forge-notify")
    resident.sandbox.post(f"/orders/{number}/forge-amount")
    resident.press("返回商户")
    resident.is_at("正在确认，请勿重复缴费")
    resident.sees_not("缴费成功")


def test_another_payers_order_is_not_found(
    resident: Resident, page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident.to_cashier()
    resident.pay()
    resident.is_at("缴费成功")
    address = page.url
    resident.page.goto(resident.url + "/menu")
    resident.press("退出登录")
    thief = Resident(page, embedded_system)
    thief.log_in()
    page.goto(address)
    thief.is_at("没有找到")
    page.goto(re.sub(r"/orders/.*", "/journeys/00000000-0000-0000-0000-000000000000", address))
    thief.is_at("没有找到")
