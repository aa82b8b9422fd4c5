"""补缴 (3.2.1.6): every missing year at once, from 缴费人信息 to the SMS, and back again without losing the way."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem, System
from kit.clock import CHINA
from kit.masking import mask_name
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone

THIS_YEAR = dt.datetime.now(CHINA).year
ONCE = {"taxbank.insured": 1, "taxbank.resident_payable": 1}


@pytest.mark.javascript
def test_thirteen_years_are_seen_five_at_a_time_and_paid_at_once(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.behind(13)
    resident.log_in()
    resident.press("自主缴费")
    resident.is_at("缴费人信息")
    expect(page.get_by_label("正常缴费")).to_be_checked()
    page.get_by_label("补缴").check()
    resident.press("下一步")
    resident.is_at("补缴明细确认")
    resident.sees("只能一次性补缴所有年份")
    resident.sees("1300.00 元")
    lines = page.locator("#lines .row")
    for shown in (5, 10, 13):
        expect(lines).to_have_count(shown)
        expect(lines.last).to_contain_text(f"{THIS_YEAR - 14 + shown}年")
        if shown < 13:
            resident.press("加载更多...")
    expect(page.get_by_role("link", name="加载更多...")).to_have_count(0)
    resident.is_at("补缴明细确认")
    page.get_by_label("提醒手机号码").fill("123")
    resident.press("下一步")
    resident.is_told("提醒手机号码有误", "reminder_phone")
    expect(lines).to_have_count(13)
    page.get_by_label("提醒手机号码").fill(resident.someone.phone)
    resident.press("下一步")
    resident.is_at("选择缴款方式")
    resident.press("确认缴费 1300.00 元")
    number = resident.order_number()
    resident.pay()
    resident.is_at("缴费成功")
    years = [str(year) for year in range(THIS_YEAR - 13, THIS_YEAR)]
    for year in (years[0], years[-1]):
        resident.sees(year)
    reminder = resident.sandbox.wait_for_sms(resident.someone, lambda text: "1300.00" in text)
    assert years[0] in reminder
    assert years[-1] in reminder
    assert resident.someone.number not in reminder
    postings = resident.sandbox.order_of(number)["postings"]
    assert [(line["jfnd"], line["amount"]) for line in postings] == [(year, 10_000) for year in years]
    assert resident.sandbox.asked(resident.someone) == ONCE

    page.goto(resident.url + "/menu")
    resident.press("自主缴费")
    page.get_by_label("补缴").check()
    resident.press("下一步")
    resident.is_at("无需进行缴费")
    resident.sees("查询不到您的待缴费信息，无需进行缴费")
    resident.press("重新选择")
    resident.is_at("缴费人信息")
    expect(page.get_by_label("补缴")).to_be_checked()


def test_the_step_back_begins_with_this_year_and_old_pages_lead_to_the_present_state(
    page: Page, embedded_system: System
) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.behind(2)
    resident.log_in()
    resident.press("自主缴费")
    page.get_by_label("补缴").check()
    resident.press("下一步")
    resident.is_at("补缴明细确认")
    expect(page.get_by_role("link", name="加载更多...")).to_have_count(0)
    resident.press("下一步")
    resident.is_at("选择缴款方式")
    stale = page.context.new_page()
    stale.goto(page.url)
    resident.press("上一步")
    resident.press("上一步")
    resident.is_at("缴费信息选择")
    expect(page.get_by_label("养老保险")).to_be_checked()
    resident.sees(f"{THIS_YEAR}年（本年度）")
    stale.get_by_role("button", name="确认缴费").click()
    expect(stale.locator("main")).to_contain_text("这个页面的内容已经变化")
    expect(stale.get_by_role("heading", level=1)).to_have_text("缴费信息选择")
    resident.press("补缴以往年度")
    resident.is_at("补缴明细确认")
    stale.get_by_role("button", name="下一步").click()
    expect(stale.locator("main")).to_contain_text("这个页面的内容已经变化")
    expect(stale.get_by_role("heading", level=1)).to_have_text("补缴明细确认")
    page.goto(resident.url + "/menu")
    resident.press("继续上次缴费")
    resident.is_at("补缴明细确认")
    resident.press("下一步")
    page.get_by_role("button", name="确认缴费").dblclick(no_wait_after=True)
    resident.order_number()
    page.goto(resident.url + "/orders")
    expect(page.locator("ul.orders > li")).to_have_count(1)
    assert resident.sandbox.asked_for_enrolment(resident.someone) == 1


def test_another_person_is_back_paid_at_the_agency_chosen(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system)
    insured = resident.sandbox.persona("two_pensions")
    resident.log_in()
    page.goto(resident.url + "/insured")
    page.get_by_label("身份证号码").fill(insured.number)
    page.get_by_label("姓名").fill(insured.name)
    resident.press("下一步")
    page.get_by_label("补缴").check()
    resident.press("下一步")
    resident.is_at("请选择社保经办机构")
    resident.sees("被缴费人在多个地方参加养老保险")
    page.get_by_role("button", name="武宣县").click()
    resident.is_at("补缴明细确认")
    resident.sees("武宣县")
    resident.sees(mask_name(insured.name))
    page.set_viewport_size({"width": 320, "height": 640})
    resident.press("大字版")
    resident.is_at("补缴明细确认")
    resident.press("下一步")
    resident.is_at("选择缴款方式")
    resident.sees(f"为{mask_name(insured.name)}缴纳 补缴 {THIS_YEAR - 2}-{THIS_YEAR - 1}年养老保险")


def test_back_payment_through_json(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client = Client(embedded_system, sandbox.behind(3))
    client.log_in()
    opened = sandbox.orders_opened()
    journey = {"journey_id": client.call("POST", "/enrolments", {}).json()["journey_id"]}
    quoted = client.call("POST", "/back-payment-quotes", journey)
    assert quoted.status_code == 201, quoted.text
    years = [THIS_YEAR - 3, THIS_YEAR - 2, THIS_YEAR - 1]
    assert [line["year"] for line in quoted.json()["lines"]] == years
    assert (quoted.json()["kind"], quoted.json()["amount"]) == ("back", 30_000)
    placed = client.call(
        "POST", "/orders", {"quote": quoted.json()["quote"]}, **{"Idempotency-Key": "back-payment-1"}
    )
    assert placed.status_code == 201, placed.text
    cashier = requests.get(placed.json()["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    order = client.call("POST", f"/orders/{placed.json()['order_id']}/check").json()
    (item,) = order["items"]
    assert (order["state"], item["kind"], item["lines"]) == ("paid", "back", quoted.json()["lines"])
    assert sandbox.asked(client.someone) == ONCE, "and UnionPay once: three calls for thirteen years or one"
    assert sandbox.orders_opened() == opened + 1


OTHERS: dict[str, tuple[str, str]] = {
    "not_enrolled": (
        "查询不到被缴费人的参保登记信息，请前往社保机构进行登记。税务部门没有接收到社保/医保部门发送过来的参保登记信息",
        "",
    ),
    "no_insurance_type": ("该缴费人已存在基础信息，没有参保险种信息，请与当地社保/医保部门进行核实。", ""),
    "all_paid": (
        "被缴费人已完成本年度及次年度城乡居民医疗保险的缴费，无需再次申报缴费。",
        "查询不到被缴费人的养老保险参保登记信息（只有养老保险允许补缴），请前往社保机构进行登记。",
    ),
    "two_agencies_again": (
        "被缴费人在多个地方参保，请选择本次缴费的社保经办机构。",
        "查询不到被缴费人的养老保险参保登记信息（只有养老保险允许补缴），请前往社保机构进行登记。",
    ),
    "nothing_due": (
        "查询不到被缴费人的待缴费信息，无需进行缴费。", "查询不到被缴费人的待缴费信息，无需进行缴费。",
    ),
    "declared": (f"缴费险种：医疗保险；缴费年度：{THIS_YEAR}年；缴费金额：400.00元。", "查询不到被缴费人的待缴费信息"),
    "two_pensions": ("", "被缴费人在多个地方参保，请选择本次缴费的社保经办机构。"),
}  # fmt: skip
"""What is said of another person: on the way to normal payment, and on the way to back-payment."""


def test_every_prompt_about_another_person_speaks_of_them(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client = Client(embedded_system, sandbox.resident())
    client.log_in()
    for persona, (normal, back) in OTHERS.items():
        said = _prompts(client, sandbox.persona(persona))
        assert normal in said[0], persona
        assert back in said[1], persona
        assert not re.search("您的[^提]|您已|您在", "".join(said)), persona


def _prompts(client: Client, insured: Someone) -> tuple[str, str]:
    """What refuses 正常缴费 of the first entry, and 补缴; empty where nothing does."""
    typed = {"name": insured.name, "document_number": insured.number}
    answer = client.call("POST", "/enrolments", {"insured": typed})
    if answer.status_code != 200:
        return answer.json()["title"], ""
    found = answer.json()
    entry = found["entries"][0]
    chosen = {"journey_id": found["journey_id"], "entry_id": entry["entry_id"], "year": entry["years"][0]}
    tiers = client.call("GET", "/tiers?" + "&".join(f"{k}={v}" for k, v in chosen.items())).json()["tiers"]
    asked = (
        ("/quotes", chosen | {"tier_code": tiers[0]["code"]}),
        ("/back-payment-quotes", {"journey_id": found["journey_id"]}),
    )
    normal, back = (_title(client.call("POST", path, body)) for path, body in asked)
    return normal, back


def _title(answer: requests.Response) -> str:
    return "" if answer.status_code == 201 else str(answer.json()["title"])
