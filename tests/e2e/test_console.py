"""The staff console in a browser: from no account at all to a table that two people put into force."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from playwright.sync_api import Browser, Page, expect

from deploy.local.process import wait_until
from deploy.local.system import EmbeddedSystem
from kit.http import Access, HttpEntrypoint
from services.console.service import ConsoleService
from tests.e2e.desk import Desk
from tests.e2e.resident import Resident
from tests.factories.contribution_sheets import flexible, resident, workbook

LAIBIN, LIUZHOU, HESHAN = "451300", "450200", "451381"


def upload(desk: Desk, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    desk.go("缴费标准")
    desk.page.get_by_label("表格文件").set_input_files(path)
    desk.press("检查并预览")


def year_of(desk: Desk) -> int:
    return int(desk.page.evaluate("new Date().getFullYear()"))


@pytest.mark.timeout(300)  # four people, each with a first login
def test_staff_come_in_and_two_of_them_put_a_table_into_force(
    browser: Browser, embedded_system: EmbeddedSystem, tmp_path: Path
) -> None:
    system = embedded_system
    admin = Desk(browser, system)
    admin.first_login("admin", admin.bootstrap("admin", "administrator"))
    assert admin.menu() == ["首页", "短信", "停放消息", "证书与密钥", "账号管理"], "no business"
    made = {
        account: admin.make(account, name, role, level)
        for account, name, role, level in (
            ("li", "李明", "authority", LAIBIN), ("wang", "王芳", "authority", LAIBIN),
            ("tan", "覃勇", "authority", LIUZHOU), ("shen", "申计", "auditor", "450000"),
        )
    }  # fmt: skip
    for title in admin.menu():
        admin.go(title)
        admin.is_at({"证书与密钥": "证书与密钥到期"}.get(title, title))

    li = Desk(browser, system)
    li.first_login("li", made["li"])
    for title in li.menu():
        li.go(title)
        li.is_at({"首页": "缴费情况"}.get(title, title))
    upload(li, tmp_path / "坏.xlsx", workbook(resident(amount="四百", pooling=HESHAN, year=year_of(li))))
    li.is_at("处问题")
    li.sees("没有改动任何标准")
    # Nobody of the other tests, which pay what the tax core asks for, is a flexible worker there.
    upload(li, tmp_path / "好.xlsx", workbook(flexible(base="4100", pooling=HESHAN, year=year_of(li))))
    li.is_at("合山市缴费标准")
    li.sees("9,840.00元")
    li.page.get_by_label("依据").fill("桂税发〔2026〕5号")
    li.press("提交审核")
    li.sees("已提交，等另一位经办审核")
    assert not li.offers("审核通过，立即生效"), "four eyes"
    address = li.page.url.partition("?")[0]

    tan = Desk(browser, system, looking=False)
    tan.first_login("tan", made["tan"])
    tan.go("缴费标准")
    tan.sees_not("合山市")
    tan.page.goto(address)
    tan.sees("没有找到这次导入")

    shen = Desk(browser, system, width=390)
    shen.first_login("shen", made["shen"])
    shen.page.goto(address)
    shen.is_at("合山市缴费标准")
    assert not shen.offers("审核通过，立即生效") and not shen.offers("驳回")
    assert "订单查询" not in shen.menu()
    for title in shen.menu():
        shen.go(title)
        shen.is_at({"首页": "缴费情况", "证书与密钥": "证书与密钥到期"}.get(title, title))
    shen.sees("account:wang")

    wang = Desk(browser, system, looking=False)
    wang.first_login("wang", made["wang"])
    wang.page.goto(address)
    wang.press("审核通过，立即生效")
    wang.sees("从现在起按新标准核对缴费")
    wang.is_at("合山市缴费标准")
    wang.sees("王芳（wang）")


def test_an_order_is_looked_up_by_masked_fields_with_a_purpose(
    browser: Browser, embedded_system: EmbeddedSystem, page: Page
) -> None:
    payer = Resident(page, embedded_system)
    payer.log_in()
    payer.to_cashier()
    payer.pay()
    desk = Desk(browser, embedded_system)
    desk.first_login("keke", desk.bootstrap("keke", "support"))
    desk.go("订单查询")
    desk.is_at("订单查询")
    someone = payer.someone
    desk.page.get_by_label("查询事由").fill("12366来电咨询缴费结果")
    desk.page.get_by_label("被缴费人姓名").fill(someone.name)
    desk.page.get_by_label("证件号码后四位").fill(someone.number[-4:])
    desk.press("查询")
    desk.sees("查到 1 笔")
    desk.is_at("订单查询")
    assert someone.name not in desk.page.locator("main section").first.inner_text()
    assert someone.number not in desk.page.content() and someone.name not in desk.page.url
    assert not desk.offers("发起退费"), "support does not act"
    desk.page.get_by_label("查询事由").fill("")
    desk.page.evaluate("document.querySelectorAll('[required]').forEach(one => one.required = false)")
    desk.press("查询")
    desk.sees("请填写4到200个字的查询事由")
    desk.press("退出")
    desk.is_at("登录工作台")
    desk.page.goto(desk.url + "/orders")
    desk.is_at("登录工作台")
    auditor = Desk(browser, embedded_system)
    auditor.first_login("cha", auditor.bootstrap("cha", "auditor"))
    auditor.page.goto(auditor.url + "/audit?service=payment")
    auditor.sees("现在：缴费成功；起因：银联确认已付款；金额：")
    auditor.sees("查找方式：姓名和证件号码后四位；找到笔数：1；缴费编号：")
    auditor.is_at("审计")


def test_a_refund_that_failed_is_told_to_its_payer_and_seen_to_at_the_desk(
    browser: Browser, embedded_system: EmbeddedSystem, page: Page
) -> None:
    payer = Resident(page, embedded_system)
    payer.log_in()
    number = payer.to_cashier()
    payer.sandbox.put(f"/orders/{number}/settings", {"unionpay": {"refund_status": "FAIL"}})
    payer.pay()
    payer.is_at("缴费成功")
    order_page = page.url
    desk = Desk(browser, embedded_system, width=390)  # tables with something in them, at night, on a phone
    desk.first_login("tui", desk.bootstrap("tui", "authority"))
    desk.page.goto(f"{desk.url}/orders?number={number}")
    desk.page.get_by_label("查询事由").fill("12366来电申请退费")
    desk.press("查询")
    desk.press("发起退费")
    desk.is_at("发起退费")
    desk.page.get_by_label("退费原因").fill("重复参保")
    desk.press("确认退费")
    refund = desk.page.url.partition("?")[0]
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("退费 400.00元")

    def failed() -> bool:
        desk.page.goto(refund)
        return "退费失败" in desk.page.locator("h1").inner_text()

    assert wait_until(failed, 60)
    desk.is_at("退费失败，待人工处理")
    desk.sees("系统不会自己再退")
    page.goto(order_page)
    payer.is_at("正在退费")
    payer.sees("工作人员正在人工核实办理")
    payer.sees("不用重新申请")
    desk.go("首页")
    desk.page.locator("dd", has_text="笔").get_by_role("link").click()
    desk.is_at("退费")
    desk.page.locator(f'a[href="{urlsplit(refund).path}"]').click()
    desk.press("查询这笔订单")
    desk.page.get_by_label("查询事由").fill("核实退费失败的原因")
    desk.press("查询")
    desk.sees("退费失败，待人工处理")
    desk.is_at("订单查询")

    payer.sandbox.put(f"/orders/{number}/settings", {"unionpay": {"refund_status": "SUCCESS"}})
    desk.page.goto(refund)
    desk.press("重新提交")
    payer.sandbox.wait_for_sms(payer.someone, lambda sms: "已退费" in sms)
    page.goto(order_page)
    payer.is_at("已退费")
    desk.page.goto(refund)
    desk.sees("款项退回缴费人原来的支付账户")


def test_a_certificate_is_taken_back_and_issued_again_with_a_reason(
    browser: Browser, embedded_system: EmbeddedSystem, page: Page
) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("declared")
    resident.log_in()
    resident.press("缴费证明")
    resident.press("开具缴费证明")
    resident.press("开具证明")
    resident.is_at("缴费证明已开具")
    with page.expect_download() as downloading:
        resident.press("下载 PDF 文件")
    (number,) = set(re.findall(r"GX\w{10,}", page.locator("main").inner_text()))
    desk = Desk(browser, embedded_system)
    desk.first_login("zheng", desk.bootstrap("zheng", "authority"))
    desk.go("缴费证明")
    desk.is_at("缴费证明")
    desk.page.get_by_label("证明编号").fill("GX0000000000")
    desk.press("查询")
    desk.sees("没有")
    desk.page.get_by_label("证明编号").fill(number)
    desk.press("查询")
    desk.sees("已开具")
    desk.page.get_by_label("重新开具原因").fill("错")
    desk.press("作废重开")
    desk.sees("2到100个字")
    desk.page.get_by_label("重新开具原因").fill("缴费记录更正")
    desk.press("作废重开")
    desk.sees("原证明已作废")
    desk.is_at("缴费证明")
    desk.page.get_by_label("证明编号").fill(number)
    desk.press("查询")
    desk.sees("缴费记录更正")
    assert not desk.offers("作废"), "once is enough"
    page.goto(f"{resident.url}/check")
    page.set_input_files("#file", downloading.value.path())
    resident.press("上传并验证")
    resident.is_at("这份证明已经作废")


def test_a_school_is_authorised_and_its_teacher_may_issue_until_that_is_ended(
    browser: Browser, embedded_system: EmbeddedSystem, page: Page
) -> None:
    teacher = Resident(page, embedded_system)
    teacher.log_in()
    certificates = f"{teacher.url}/certificates"
    page.goto(certificates)
    teacher.sees_not("学校缴费证明")
    desk = Desk(browser, embedded_system)
    desk.first_login("xue", desk.bootstrap("xue", "authority"))
    desk.go("学校授权")
    desk.is_at("学校授权")
    desk.page.get_by_label("学校名称").fill("百色市实验高级中学")
    desk.page.get_by_label("经办人姓名").fill(teacher.someone.name)
    desk.page.get_by_label("经办人身份证号码").fill("450103197806122041")
    desk.press("授权")
    desk.sees("身份证号码有误")
    desk.is_at("学校授权")
    expect(desk.page.get_by_label("学校名称")).to_have_value("百色市实验高级中学")
    desk.page.get_by_label("经办人身份证号码").fill(teacher.someone.number)
    desk.press("授权")
    row = desk.page.get_by_role("row", name="百色市实验高级中学")
    expect(row).to_contain_text("有效")
    assert teacher.someone.number not in desk.page.content()
    page.goto(certificates)
    teacher.press("学校缴费证明")
    teacher.sees("百色市实验高级中学")
    row.get_by_role("button", name="终止").click()
    expect(row).to_contain_text("已于")
    desk.is_at("学校授权")
    page.goto(certificates)
    teacher.sees_not("学校缴费证明")


def staff_routes() -> list[tuple[str, str]]:
    """Every route that is for staff, with something in place of its path values."""
    found = [
        entrypoint
        for _, member in inspect.getmembers(ConsoleService, inspect.isfunction)
        for entrypoint in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(entrypoint, HttpEntrypoint) and entrypoint.access in (Access.STAFF, Access.HALFWAY)
    ]
    return [(route.method, re.sub(r"<[^>]+>", "1", route.url)) for route in found]


def test_a_stranger_gets_nowhere_by_any_route(embedded_system: EmbeddedSystem) -> None:
    console = embedded_system.settings.console_url
    routes = staff_routes()
    assert len(routes) > 30
    for method, path in routes:
        answer = requests.request(method, console + path, allow_redirects=False, timeout=60)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login"), path


def test_the_two_doors_do_not_open_into_each_other(embedded_system: EmbeddedSystem) -> None:
    gateway, console = embedded_system.url, embedded_system.settings.console_url
    for path in ("/accounts", "/tiers", "/parking", "/reconciliation", "/orders/find"):
        assert requests.get(gateway + path, allow_redirects=False, timeout=60).status_code in (303, 404)
    assert "工作台" not in requests.get(f"{gateway}/accounts", timeout=60).text
    for cookie in ("session", "staff"):
        answer = requests.get(
            f"{console}/home", cookies={cookie: "x" * 43}, allow_redirects=False, timeout=60
        )
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/login")
    forged = requests.post(
        f"{console}/login", data={"account": "admin", "password": "x"}, headers={"Origin": "https://elsewhere.example"},
        allow_redirects=False, timeout=60,
    )  # fmt: skip
    assert forged.status_code == 403 and "页面已过期" in forged.text
    headers = requests.get(f"{console}/login", timeout=60).headers
    assert (
        "script-src" not in headers["Content-Security-Policy"]
        and "default-src 'none'" in headers["Content-Security-Policy"]
    )
    assert headers["Cache-Control"] == "no-store"
