"""社保费查询 (3.2.1.8) and 申报作废 (3.2.1.10), on pages and by the API."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from deploy.local.process import wait_until
from deploy.local.system import System
from kit.clock import CHINA
from kit.masking import mask_number
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox

PROMPT = (
    "温馨提示：由于系统对账原因，部分缴费记录可能会延迟一天。"
    "如您查询不到缴费记录，请第二天再查询，不便之处，敬请谅解！"
)
VOID = "SWZJ.HXZG.SB.BCSBZF"


def _ask(resident: Resident) -> None:
    """【查询】, to the records."""
    resident.page.get_by_role("button", name="查询", exact=True).locator("visible=true").last.click()
    resident.page.wait_for_load_state()


def _taxcore(resident: Resident, **faults: float) -> None:
    resident.sandbox.put(f"/people/{resident.someone.key}/settings", {"taxcore": faults})


@pytest.mark.javascript
def test_own_payments_are_found_at_once_and_others_by_name_and_number(page: Page, system: System) -> None:
    resident = Resident(page, system)
    resident.log_in()
    resident.press("社保费查询")
    resident.is_at("社保费查询")
    resident.sees(PROMPT)
    expect(page.get_by_label("身份证号码")).to_have_value(mask_number(resident.someone.number))
    _ask(resident)
    resident.is_at("缴费记录")
    resident.sees("没有查询到这个所属期的缴费记录")
    page.goto(resident.url + "/menu")
    resident.to_cashier()
    resident.pay()
    resident.is_at("缴费成功")

    _taxcore(resident, error_rate=1)
    page.goto(resident.url + "/contributions/result")
    resident.is_at("缴费记录")
    resident.sees("社保系统暂时没有响应，下面只有通过本渠道缴纳的记录")
    resident.sees("已缴费，入库中")
    _taxcore(resident, error_rate=0)
    resident.press("再查一次")
    resident.is_at("缴费记录")
    resident.sees("电子税票号码")
    resident.sees_not("入库中")
    expect(page.locator("li.card")).to_have_count(1)

    other = resident.sandbox.persona("declared")
    resident.press("修改查询条件")
    resident.press("填写其他人")
    _ask(resident)
    resident.is_told("请输入姓名。", "name")
    page.get_by_label("姓名", exact=True).fill(other.name)
    page.get_by_label("身份证号码").fill(other.number)
    _ask(resident)
    resident.is_at("缴费记录")
    resident.sees("支付宝城市服务")
    assert other.number not in page.content()
    assert other.number not in page.url
    page.reload()
    resident.sees("支付宝城市服务")
    resident.press("修改查询条件")
    resident.press("从名单选择姓名")
    resident.is_at("选择要查询的人")
    resident.press("（您本人）")
    resident.is_at("社保费查询")
    expect(page.get_by_label("身份证号码")).to_have_value(mask_number(resident.someone.number))


def test_what_is_being_paid_is_not_voided(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system, Sandbox(embedded_system).persona("declared_being_paid"))
    resident.log_in()
    resident.press("社保费查询")
    resident.press("我的申报")
    resident.is_at("我的申报")
    resident.sees("已申报，未缴费")
    resident.press("作废这条申报")
    resident.is_at("作废这条申报")
    resident.sees("200.00 元")
    resident.press("确认作废")
    resident.is_at("不能作废")
    resident.sees("已经缴费或正在缴费，不能作废")
    resident.press("返回我的申报")
    resident.sees("已申报，未缴费")


def test_a_void_whose_answer_is_lost_is_confirmed_and_done_once(page: Page, system: System) -> None:
    client = Client(system, Sandbox(system).persona("declared_unpaid"))
    client.log_in()
    year = dt.datetime.now(CHINA).year
    asked = {"period_from": f"{year}01", "period_to": f"{year}12"}
    (record,) = client.call("POST", "/contributions", asked).json()["records"]
    assert (record["state"], record["amount"]) == ("declared", 50000)
    (declared,) = client.call("POST", "/declarations", {}).json()["declarations"]
    path = f"/declarations/{declared['record_id']}"
    assert client.call("POST", f"{path}/check", {}).status_code == 404, "nothing was sent yet"
    lost = {"accept_then_timeout_rate": 1, "timeout_seconds": 0, "transaction": VOID}
    client.sandbox.put("/people/declared_unpaid/settings", {"taxcore": lost})
    voiding = client.call("POST", f"{path}/void", {})
    assert (voiding.status_code, voiding.json()["state"]) == (200, "confirming"), voiding.text
    assert wait_until(lambda: client.call("POST", f"{path}/check", {}).json()["state"] == "voided", 20)
    assert client.call("POST", f"{path}/void", {}).json()["state"] == "voided"
    assert client.call("POST", "/contributions", asked).json()["records"] == []
    (voided,) = client.call("POST", "/declarations", {}).json()["declarations"]
    assert voided["state"] == "voided"
    page.context.add_cookies([{"name": "session", "value": client.token, "url": system.url}])
    resident = Resident(page, system, client.someone)
    page.goto(system.url + path)
    resident.is_at("申报已作废")
    stranger = client.call("POST", f"{path}/void", {"pick_id": "00000000-0000-0000-0000-000000000000"})
    assert (stranger.status_code, stranger.json()["type"]) == (404, "urn:gx-tax:insured_not_found")


def test_a_member_of_the_household_is_asked_about_by_their_pick(system: System) -> None:
    sandbox = Sandbox(system)
    client, member = Client(system, sandbox.resident()), sandbox.persona("declared_being_paid")
    client.log_in()
    consents = client.call("GET", "/household").json()["consent_version"]
    kept = {
        "name": member.name,
        "document_number": member.number,
        "kinship": "parent",
        "consent_version": consents,
    }
    assert client.call("POST", "/household", kept).status_code == 201
    (pick,) = client.call("GET", "/insured").json()["picks"]
    declared = client.call("POST", "/declarations", {"pick_id": pick["pick_id"]})
    (record,) = declared.json()["declarations"]
    refused = client.call("POST", f"/declarations/{record['record_id']}/void", {"pick_id": pick["pick_id"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:gx-tax:declaration_paid")
    assert member.number not in declared.text + refused.text
