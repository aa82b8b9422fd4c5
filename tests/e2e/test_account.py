"""我的: own data, consents, export, deletion and its withdrawal, on pages and through JSON (security.md 15)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from deploy.local.system import EmbeddedSystem
from kit.masking import mask_name, mask_number, mask_phone
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone


@pytest.mark.javascript
def test_a_person_sees_exports_and_deletes_their_own_data(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    someone = resident.someone
    resident.log_in()
    resident.press("我的")
    resident.is_at("我的")
    for shown in (mask_name(someone.name), mask_number(someone.number), mask_phone(someone.phone)):
        resident.sees(shown)

    resident.press("授权记录")
    resident.is_at("授权记录")
    resident.sees("《个人信息保护与授权说明》")
    resident.sees("有效")
    resident.press("返回我的")

    resident.press("登录设备")
    resident.is_at("登录设备")
    resident.press("返回我的")

    resident.press("导出我的信息")
    resident.is_at("导出我的信息")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载我的信息").click()
    assert download.value.suggested_filename.endswith(".json")
    _is_masked_export(Path(download.value.path()).read_text(encoding="utf-8"), someone)
    resident.press("返回我的")

    resident.press("注销")
    resident.is_at("注销")
    resident.press("确认申请注销")
    resident.is_at("您已申请注销")
    resident.press("返回我的")
    resident.press("返回首页")
    resident.sees("您已申请注销")
    resident.is_at(f"{mask_name(someone.name)}，您好")
    resident.press("撤销注销申请")
    resident.sees("注销申请已撤销")
    resident.sees_not("您已申请注销")


def test_nobody_is_deleted_while_an_order_is_unsettled(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.to_cashier()
    page.goto(resident.url + "/account/deletion")
    resident.press("确认申请注销")
    resident.is_at("暂时不能办理")
    resident.sees("您有一笔缴费还没有办完")
    resident.press("查看这笔缴费")
    page.goto(resident.url + "/menu")
    resident.sees_not("您已申请注销")


def test_the_same_by_json(embedded_system: EmbeddedSystem) -> None:
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    client.log_in()
    account = client.call("GET", "/account").json()
    assert account["document_number"] == mask_number(client.someone.number)
    assert account["deletion"] is None
    (consent,) = client.call("GET", "/account/consents").json()["consents"]
    assert (consent["kind"], consent["withdrawn_at"]) == ("privacy", None)

    wanted = client.call("POST", "/account/deletion")
    assert wanted.status_code == 201
    assert client.call("POST", "/account/deletion").json() == wanted.json()
    assert client.call("GET", "/account").json()["deletion"] == wanted.json()
    assert client.call("DELETE", "/account/deletion").status_code == 204
    assert client.call("DELETE", "/account/deletion").status_code == 204
    assert client.call("GET", "/account").json()["deletion"] is None

    _pay(client)
    exported = client.call("GET", "/account/export")
    assert exported.headers["Cache-Control"] == "no-store"
    _is_masked_export(exported.text, client.someone)
    (order,) = exported.json()["orders"]
    assert order["amount"] == 40_000

    client.call("POST", "/orders", {"quote": client.quote(following=True)["quote"]}, **_key("unsettled"))
    refused = client.call("POST", "/account/deletion")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:gx-tax:order_unsettled")


def _pay(client: Client) -> None:
    placed = client.call("POST", "/orders", {"quote": client.quote()["quote"]}, **_key("exported")).json()
    cashier = requests.get(placed["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    assert client.call("POST", f"/orders/{placed['order_id']}/check").json()["state"] == "paid"


def _key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": f"account-{name}"}


def _is_masked_export(text: str, someone: Someone) -> None:
    exported = json.loads(text)
    assert exported["person"]["account"]["document_number"] == mask_number(someone.number)
    assert exported["person"]["consents"][0]["kind"] == "privacy"
    for plain in (someone.name, someone.number, someone.phone):
        assert plain not in text
