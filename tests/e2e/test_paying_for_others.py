"""代他人缴费 (3.2.1.7, 3.2.1.12): picked or typed, the same journey, a reminder for both, first in the next list."""

from __future__ import annotations

import time

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from deploy.local.process import wait_until
from deploy.local.system import EmbeddedSystem, System
from kit.masking import mask_name, mask_number
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone

STRANGER = "00000000-0000-0000-0000-000000000000"


def _picks(page: Page) -> Locator:
    return page.locator("button[name=pick_id]")


def _to_cashier(resident: Resident, insured: Someone) -> None:
    """From 缴费人信息 to UnionPay's page; every page says who is paid for."""
    resident.is_at("缴费人信息")
    resident.sees("为他人缴费")
    resident.sees(mask_name(insured.name))
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    resident.sees(f"为{mask_name(insured.name)}缴费")
    resident.press("下一步")
    resident.is_at("请确认参保地")
    resident.sees(f"作为被缴费人{mask_name(insured.name)}")
    resident.press("核实无误，继续缴费")
    resident.is_at("缴费信息确认")
    resident.sees(mask_number(insured.number))
    resident.sees(f"{mask_name(resident.someone.name)}（您本人）")
    resident.press("下一步")
    resident.press("确认缴费 400.00 元")
    resident.order_number()


@pytest.mark.javascript
def test_a_typed_person_is_paid_for_reminded_and_first_in_the_list_next_time(
    page: Page, system: System
) -> None:
    resident = Resident(page, system)
    insured = resident.sandbox.resident()
    resident.log_in()
    resident.press("代他人缴费")
    resident.is_at("代他人缴费")
    resident.press("下一步")
    resident.is_told("请输入身份证号码。", "document_number")
    resident.is_told("请输入姓名。", "name")
    page.get_by_label("姓名").fill(insured.name)
    page.get_by_label("手机号码").fill(insured.phone)
    page.get_by_label("身份证号码").fill(insured.number[:-1] + ("1" if insured.number[-1] != "1" else "2"))
    resident.press("下一步")
    resident.is_told("请对照身份证核对后重新输入正确的身份证号码", "document_number")
    page.get_by_label("身份证号码").fill(resident.someone.number)
    resident.press("下一步")
    resident.is_told("这是您本人的证件", "document_number")
    expect(page.get_by_role("button", name="自主缴费")).to_be_visible()
    expect(page.get_by_label("手机号码")).to_have_value(insured.phone)
    page.get_by_label("身份证号码").fill(insured.number.lower())
    resident.press("下一步")
    _to_cashier(resident, insured)
    resident.pay()
    resident.is_at("缴费成功")
    for phone in (resident.someone, insured):
        reminder = resident.sandbox.wait_for_sms(phone, lambda text: "400.00" in text)
        assert mask_name(resident.someone.name) in reminder, "the insured learns who paid"
        assert insured.number not in reminder
    _wait_for_pick(resident)
    expect(_picks(page).first).to_contain_text(mask_number(insured.number))
    expect(_picks(page).first).to_contain_text("缴过费")

    resident.press("移除")
    resident.is_at("移除被缴费人")
    resident.press("确认移除")
    resident.is_at("代他人缴费")
    resident.sees("已经移除")
    expect(_picks(page)).to_have_count(0)


def _wait_for_pick(resident: Resident) -> None:
    """The relation is on record once identity has heard of the payment."""
    for _ in range(40):
        resident.page.goto(resident.url + "/insured")
        if resident.page.locator("main").get_by_text("缴过费").count():
            break
        time.sleep(0.25)
    resident.is_at("代他人缴费")


@pytest.mark.javascript
def test_a_member_is_paid_for_without_typing_and_a_failure_tries_the_same_person(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    parent = resident.sandbox.resident()
    resident.log_in()
    page.goto(resident.url + "/household/new")
    page.get_by_label("与本人关系").select_option("父母")
    page.get_by_label("身份证号码").fill(parent.number)
    page.get_by_label("姓名").fill(parent.name)
    page.get_by_label("我已阅读并同意").check()
    resident.press("保存")
    resident.press("为家庭成员缴费")
    resident.is_at("代他人缴费")
    expect(_picks(page)).to_contain_text("父母")
    expect(page.get_by_role("link", name="移除")).to_have_count(0)
    _picks(page).click()
    _to_cashier(resident, parent)
    resident.press("取消支付")
    resident.is_at("交易失败")
    resident.press("重新缴费")
    _to_cashier(resident, parent)
    resident.pay()
    resident.is_at("缴费成功")
    _wait_for_pick(resident)
    expect(_picks(page)).to_have_count(1)
    resident.press("移除")
    resident.sees("他（她）还是您的家庭成员")
    resident.press("确认移除")
    expect(_picks(page)).to_contain_text("还没有为他（她）缴过费")


def test_prompts_and_taps_are_about_the_person_paid_for(page: Page, embedded_system: EmbeddedSystem) -> None:
    """One open journey: another person takes its place, a second tap for the same one does not."""
    resident = Resident(page, embedded_system)
    resident.log_in()
    _type(resident, resident.sandbox.persona("not_enrolled"))
    resident.press("下一步")
    resident.is_at("查询不到参保登记信息")
    resident.sees("查询不到被缴费人的参保登记信息")
    resident.sees("没有扣款")
    resident.press("重新选择被缴费人")
    resident.is_at("代他人缴费")
    insured = resident.sandbox.resident()
    _type(resident, insured)
    first = page.url
    _type(resident, insured)
    assert page.url == first
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    page.goto(resident.url + "/menu")
    resident.sees(f"上次为{mask_name(insured.name)}的缴费信息还保留着")
    _type(resident, resident.sandbox.resident())
    page.goto(first)
    resident.sees("这个页面的内容已经变化")
    page.goto(f"{resident.url}/insured/{STRANGER}/removal")
    resident.is_at("没有找到")


def _type(resident: Resident, someone: Someone) -> None:
    resident.page.goto(resident.url + "/insured")
    resident.page.get_by_label("身份证号码").fill(someone.number)
    resident.page.get_by_label("姓名").fill(someone.name)
    resident.press("下一步")
    resident.is_at("缴费人信息")


def test_paying_for_others_through_json(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client, stranger = (Client(embedded_system, sandbox.resident()) for _ in range(2))
    client.log_in()
    stranger.log_in()
    insured = sandbox.resident()
    typed = {"name": insured.name, "document_number": insured.number, "phone": insured.phone}
    own = {"name": client.someone.name, "document_number": client.someone.number}
    refused = client.call("POST", "/enrolments", {"insured": own})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:gx-tax:own_document")
    quoted = client.quote(insured=typed)
    foreign = stranger.call("POST", "/orders", {"quote": quoted["quote"]}, **{"Idempotency-Key": "stolen-1"})
    assert foreign.status_code == 404
    placed = client.call("POST", "/orders", {"quote": quoted["quote"]}, **{"Idempotency-Key": "for-other-1"})
    assert placed.status_code == 201, placed.text
    cashier = requests.get(placed.json()["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    sandbox.wait_for_sms(insured, lambda text: "400.00" in text)
    assert wait_until(lambda: bool(client.call("GET", "/insured").json()["picks"]), 10)
    answer = client.call("GET", "/insured")
    (pick,) = answer.json()["picks"]
    assert pick["document_number"] == mask_number(insured.number)
    assert insured.name not in answer.text
    assert pick["paid_at"]

    picked = {"insured": {"pick_id": pick["pick_id"]}}
    found = client.call("POST", "/enrolments", picked).json()
    assert found["insured_number"] == mask_number(insured.number)
    refused = stranger.call("POST", "/enrolments", picked)
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:gx-tax:insured_not_found")
    stranger.call("DELETE", f"/insured/{pick['relation_id']}")
    assert client.call("GET", "/insured").json()["picks"] == [pick], "only the payer's own list is changed"
    assert client.call("DELETE", f"/insured/{pick['relation_id']}").status_code == 204
    assert client.call("GET", "/insured").json()["picks"] == []
