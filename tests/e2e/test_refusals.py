"""Every prompt of 3.2.1.6 and 3.2.1.15(四) and every failure of the upstream: clear Chinese, and where the money is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from deploy.local.system import EmbeddedSystem
from tests.e2e.resident import Resident


def _at_enrolment(page: Page, system: EmbeddedSystem, persona: str) -> Resident:
    resident = Resident(page, system)
    resident.someone = resident.sandbox.persona(persona)
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    return resident


@pytest.mark.parametrize(
    ("persona", "heading", "text"),
    [
        ("not_enrolled", "查询不到参保登记信息", "查询不到您的参保登记信息，请前往社保机构进行登记"),
        ("no_insurance_type", "没有参保险种信息", "该缴费人已存在基础信息，没有参保险种信息"),
        ("upstream_fails", "社保系统暂时没有响应", "没有扣款"),
    ],
)
def test_enrolment_refusals(
    page: Page, embedded_system: EmbeddedSystem, persona: str, heading: str, text: str
) -> None:
    resident = _at_enrolment(page, embedded_system, persona)
    resident.is_at(heading)
    resident.sees(text)
    resident.sees("没有扣款")
    resident.press("返回首页")
    resident.sees("我的缴费记录")


@pytest.mark.parametrize(
    ("persona", "heading", "text"),
    [
        ("all_paid", "已完成缴费", "您已完成本年度及次年度城乡居民医疗保险的缴费，无需再次申报缴费"),
        ("declared", "该缴费已完成", "已进行缴费"),
    ],
)
def test_quote_refusals(
    page: Page, embedded_system: EmbeddedSystem, persona: str, heading: str, text: str
) -> None:
    resident = _at_enrolment(page, embedded_system, persona)
    if persona == "declared":
        resident.choose_type("医疗保险")
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.is_at(heading)
    resident.sees(text)
    resident.press("重新选择")
    resident.is_at("缴费信息选择")


def test_a_slow_upstream_is_waited_for(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = _at_enrolment(page, embedded_system, "upstream_slow")
    resident.is_at("缴费信息选择")


@pytest.mark.javascript
def test_an_upstream_that_comes_back_is_asked_again(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    mine = f"/people/{resident.someone.key}/settings"
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 1}})
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    resident.is_at("社保系统暂时没有响应")
    resident.sees("您还没有缴费，没有扣款")
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 0}})
    resident.press("再试一次")
    resident.is_at("缴费人信息")
    resident.press("下一步")
    resident.is_at("缴费信息选择")


def test_an_upstream_down_at_the_quote_loses_nothing(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    mine = f"/people/{resident.someone.key}/settings"
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 1}})
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.is_at("社保系统暂时没有响应")
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 0}})
    resident.press("再试一次")
    resident.is_at("缴费信息选择")
    resident.press("下一步")
    resident.is_at("缴费信息确认")


def test_a_flexible_worker_gets_the_amount_from_the_upstream(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = _at_enrolment(page, embedded_system, "flexible")
    resident.choose_type("医疗保险")
    resident.sees("以社保系统核定的金额为准")
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.is_at("缴费信息确认")
    resident.sees("元")


@pytest.mark.parametrize("persona", ["dotted_name", "rare_character", "id_ends_in_x", "list_as_array"])
def test_unusual_people_get_as_far_as_everybody(
    page: Page, embedded_system: EmbeddedSystem, persona: str
) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona(persona)
    resident.enter()
    resident.fill_in(number=resident.someone.number.lower())
    resident.ask_for_code()
    resident.sees("验证码已发送到")
    page.get_by_label("短信验证码").fill(resident.sandbox.code_for(resident.someone))
    resident.press("登录")
    resident.press("自主缴费")
    resident.press("下一步")
    resident.is_at("缴费信息选择")
