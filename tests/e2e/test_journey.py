"""自主缴费 from the official account's menu to the reminder, on both systems, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from deploy.local.system import System
from kit.masking import mask_name
from tests.e2e.resident import Resident

MOST_TAPS = 9
"""From the menu to the result, of a payer who is known."""


@pytest.mark.javascript
def test_a_resident_logs_in_pays_and_is_reminded(page: Page, system: System) -> None:
    resident = Resident(page, system)
    resident.enter()
    resident.is_at("用户认证")
    resident.log_in()
    resident.is_at(f"{mask_name(resident.someone.name)}，您好")
    before = resident.taps
    resident.press("自主缴费")
    resident.is_at("缴费人信息")
    resident.sees("正常缴费")
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    resident.press("下一步")
    resident.is_at("请确认参保地")
    resident.sees("年参保并享受医保待遇所在地，核实无误可继续缴费。如")
    resident.press("核实无误，继续缴费")
    resident.is_at("缴费信息确认")
    expect(page.get_by_label("提醒手机号码")).to_have_value(resident.someone.phone)
    resident.press("下一步")
    resident.is_at("选择缴款方式")
    expect(page.get_by_label("微信支付")).to_be_checked()
    resident.press("确认缴费 400.00 元")
    number = resident.order_number()
    resident.pay()
    resident.is_at("缴费成功")
    assert resident.taps - before <= MOST_TAPS
    resident.sees("12366")
    resident.press("确定")
    resident.is_at("缴费结果提醒")
    for label in ("证件号码", "姓名", "社保编号", "社保经办机构", "险种", "所属年度", "金额", "缴费时间"):
        resident.sees(label)
    resident.sees("可查询打印缴费证明的时间")
    resident.press("返回首页")
    resident.sees("缴费成功")
    page.get_by_role("link", name=re.compile("医疗保险")).click()
    resident.is_at("缴费成功")  # the result can be visited again
    resident.reload()
    resident.is_at("缴费成功")

    assert resident.sandbox.asked_for_enrolment(resident.someone) == 1
    assert resident.sandbox.order_of(number)["status"] == "TRADE_SUCCESS"
    reminder = resident.sandbox.wait_for_sms(
        resident.someone, lambda text: "缴费" in text and "400.00" in text
    )
    assert resident.someone.number not in reminder


@pytest.mark.javascript
def test_the_checks_come_in_their_order(page: Page, embedded_system: System) -> None:
    """Several insurance types: none is chosen; then the type is asked for, then the tier (3.2.1.6)."""
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("medical_and_pension")
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    for label in ("养老保险", "医疗保险"):
        expect(page.get_by_label(label)).not_to_be_checked()
    resident.sees("请先选择缴费险种")
    resident.press("下一步")
    resident.is_told("请选择缴费险种...", "insurance_type")
    resident.choose_type("养老保险")
    resident.sees("（本年度）")
    expect(page.get_by_label("缴费年度")).to_have_count(0)
    resident.press("下一步")
    resident.is_told("请选择缴费档次...", "tier_code")
    page.get_by_label("300元档").check()
    if resident.has_javascript:
        expect(page.locator(".total")).to_contain_text("300.00 元")
    resident.press("下一步")
    resident.is_at("缴费信息确认")
    resident.sees("300.00 元")
    resident.sees("300元档")


def test_medical_insurance_is_paid_for_this_year_or_the_next(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    years = page.get_by_label("缴费年度")
    expect(years.locator("option")).to_have_count(2)
    following = years.locator("option").nth(1).get_attribute("value")
    years.select_option(following)
    resident.press("下一步")
    resident.sees(f"{following} 年参保并享受医保待遇所在地")
    resident.press("核实无误，继续缴费")
    resident.sees(f"{following}年")


@pytest.mark.javascript
def test_several_agencies_are_chosen_from_a_dialog(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("two_agencies")
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    resident.press("下一步")
    resident.is_told("请选择社保经办机构...", "agency")
    resident.press("请选择社保经办机构")
    resident.is_at("请选择社保经办机构")
    chosen = page.get_by_role("button", name="柳州市")
    chosen.click()
    resident.is_at("缴费信息选择")
    resident.sees("柳州市")
    resident.press("下一步")
    resident.is_at("缴费信息确认")
    resident.sees("柳州市")


def test_agencies_the_medical_interface_still_shows_are_chosen_once_more(
    page: Page, embedded_system: System
) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("two_agencies_again")
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    resident.press("请选择社保经办机构")
    page.get_by_role("button", name="玉林市").click()
    resident.press("下一步")
    resident.is_at("请选择社保经办机构")
    page.get_by_role("button", name="钦州市").click()
    resident.press("下一步")
    resident.is_at("缴费信息确认")
    resident.sees("钦州市")


def test_an_interrupted_journey_goes_on_from_the_menu(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.to_payment()
    page.goto(resident.url + "/menu")
    resident.is_at(f"{mask_name(resident.someone.name)}，您好")
    resident.press("继续上次缴费")
    resident.is_at("缴费信息确认")
    assert resident.sandbox.asked_for_enrolment(resident.someone) == 1


def test_a_double_tap_asks_for_the_enrolment_once(page: Page, embedded_system: System) -> None:
    """Also when the upstream is slow: the second tap waits for the first."""
    resident = Resident(page, embedded_system)
    resident.sandbox.put(f"/people/{resident.someone.key}/settings", {"taxbank": {"latency_ms": 1500}})
    resident.log_in()
    resident.press("自主缴费")
    again = page.context.new_page()
    again.goto(page.url)
    page.get_by_role("button", name="下一步").click(no_wait_after=True)
    again.get_by_role("button", name="下一步").last.click()
    for tab in (page, again):
        expect(tab.get_by_role("heading", level=1)).to_have_text("缴费信息选择")
    assert resident.sandbox.asked_for_enrolment(resident.someone) == 1


@pytest.mark.javascript
def test_large_text_keeps_what_was_typed(page: Page, embedded_system: System) -> None:
    """大字版: at once with JavaScript, after a reload without; no page scrolls sideways at 320 px."""
    page.set_viewport_size({"width": 320, "height": 640})
    resident = Resident(page, embedded_system)
    resident.enter()
    resident.is_at("用户认证")
    resident.fill_in()
    resident.press("大字版")
    expect(page.locator("html")).to_have_class("large")
    resident.is_at("用户认证")
    if resident.has_javascript:
        expect(page.get_by_label("姓名")).to_have_value(resident.someone.name)
    resident.log_in()
    resident.to_payment()
    expect(page.locator("html")).to_have_class("large")
    resident.is_at("选择缴款方式")
