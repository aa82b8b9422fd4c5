"""三方协议 (3.2.1.11): consent, bank and account, check, verified by the bank, cancelled; and a bank that says no."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox

GOOD, SLOW, REFUSED = "6217003410000000051", "6217003410000000077", "6217003410000000028"
"""Accounts the sandbox's bank answers yes, late and no (sandbox/README.md)."""


@pytest.mark.javascript
def test_a_resident_signs_waits_and_cancels(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.press("三方协议")
    resident.is_at("三方协议")
    resident.sees("还没有签订三方协议")
    resident.press("签订三方协议")
    resident.is_at("银行账户信息授权")
    resident.press("下一步")
    resident.is_told("请先阅读并勾选同意《银行账户信息授权说明》", "consent")
    page.get_by_label("我已阅读并同意《银行账户信息授权说明》").check()
    resident.press("下一步")
    resident.is_at("填写银行账号")
    resident.press("下一步")
    resident.is_told("请选择开户银行", "bank_code")
    page.get_by_label("中国建设银行").check()
    page.get_by_label("银行账号").fill("6217 0034 1000 0000 078")
    resident.press("下一步")
    resident.is_told("账号里有数字输错了", "account_number")
    expect(page.get_by_label("中国建设银行")).to_be_checked()
    page.get_by_label("银行账号").fill("6217 0034 1000 0000 077")
    resident.press("下一步")
    resident.is_at("确认三方协议")
    resident.sees("**** 0077")
    assert SLOW not in page.content()
    resident.press("确认签订")
    resident.is_at("等待银行验证")
    resident.sees("没有扣款")
    resident.is_at("协议已生效")
    assert SLOW not in page.content()
    address = page.url.partition("?")[0]

    page.goto(f"{resident.url}/agreements/new")
    resident.is_at("填写银行账号")
    _type_account(resident, SLOW)
    resident.press("确认签订")
    resident.is_at("不用重复签订")
    resident.press("查看这份三方协议")
    assert page.url.partition("?")[0] == address

    resident.press("撤销协议")
    resident.is_at("撤销三方协议")
    resident.press("确认撤销")
    resident.is_at("协议已终止")
    resident.press("返回三方协议")
    resident.sees("已终止")


def test_a_bank_that_says_no_is_heard_in_its_words(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("two_agencies")
    resident.log_in()
    page.goto(f"{resident.url}/agreements/new")
    if page.get_by_role("heading", level=1).inner_text() == "银行账户信息授权":  # the other phone has agreed
        page.get_by_label("我已阅读并同意《银行账户信息授权说明》").check()
        resident.press("下一步")
    _type_account(resident, REFUSED)
    resident.is_at("请选择社保经办机构")
    page.locator("button.option").last.click()
    resident.is_at("确认三方协议")
    resident.press("确认签订")
    resident.is_at("签订失败")
    resident.sees("账户状态异常，请到开户银行网点核实")
    resident.sees("没有扣款")
    resident.press("重新签订")
    resident.is_at("填写银行账号")


def test_a_mini_program_signs_once_and_cancels(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client, stranger = (Client(embedded_system, sandbox.resident()) for _ in range(2))
    client.log_in()
    typed = {"bank_code": "105", "account_number": GOOD}
    assert client.call("POST", "/agreement-drafts", typed).json()["type"] == "urn:gx-tax:consent_missing"
    offered = client.call("GET", "/agreement-banks").json()
    assert (offered["consented"], [bank["code"] for bank in offered["banks"]]) == (
        False,
        ["105", "102", "402"],
    )
    agreed = {"consent_version": offered["consent_version"]}
    assert client.call("POST", "/agreement-consent", agreed).status_code == 204
    draft = client.call("POST", "/agreement-drafts", typed).json()["draft"]
    wanted = {"draft": draft}
    assert client.call("POST", "/agreements", wanted).json()["field"] == "Idempotency-Key"
    signed = [
        client.call("POST", "/agreements", wanted, **{"Idempotency-Key": "key-00001"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in signed] == [201, 201]
    assert signed[0].json()["agreement_id"] == signed[1].json()["agreement_id"]
    path = f"/agreements/{signed[0].json()['agreement_id']}"
    assert client.until(path, "active")["account"] == "**** 0051"
    deletion = client.call("POST", "/account/deletion").json()
    assert deletion["type"] == "urn:gx-tax:agreement_stands"
    stranger.log_in()
    for method, of in (("GET", path), ("POST", f"{path}/cancellation")):
        assert stranger.call(method, of).status_code == 404
    assert client.call("POST", f"{path}/cancellation").json()["state"] == "cancelling"
    client.until(path, "ended")
    assert [one["state"] for one in client.call("GET", "/agreements").json()["agreements"]] == ["ended"]


def _type_account(resident: Resident, number: str) -> None:
    resident.page.get_by_label("中国建设银行").check()
    resident.page.get_by_label("银行账号").fill(number)
    resident.press("下一步")
