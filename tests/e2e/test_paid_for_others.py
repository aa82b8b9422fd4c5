"""代他人缴费统计 (3.2.1.13): paid for somebody who lives somewhere, found, filtered, downloaded; nobody else's."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.local.process import wait_until
from deploy.local.system import EmbeddedSystem
from kit.masking import mask_name, mask_number
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone

PLACE = (("市", "南宁市"), ("县（市、区）", "青秀区"), ("乡镇（街道）", "建政街道"))


def pay_for(resident: Resident, insured: Someone) -> None:
    """Somebody typed, with where they live."""
    page = resident.page
    resident.press("代他人缴费")
    page.get_by_label("姓名").fill(insured.name)
    page.get_by_label("身份证号码").fill(insured.number)
    for label, name in PLACE:
        page.get_by_label(label, exact=True).select_option(name)
        if not resident.has_javascript:
            page.locator(".place__next:visible").click()
        expect(page.get_by_label(label, exact=True).locator("option:checked")).to_have_text(name)
    resident.press("下一步")
    resident.press("下一步")
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.press("下一步")
    resident.press("确认缴费 400.00 元")
    resident.pay()
    resident.is_at("缴费成功")


@pytest.mark.javascript
def test_what_was_paid_for_others_is_found_filtered_and_downloaded(
    page: Page, embedded_system: EmbeddedSystem, tmp_path: Path
) -> None:
    resident = Resident(page, embedded_system)
    insured = resident.sandbox.resident()
    resident.log_in()
    resident.press("代他人缴费统计")
    resident.is_at("代他人缴费统计")
    resident.sees("您还没有为他人缴过费。")
    resident.press("返回首页")
    pay_for(resident, insured)

    page.goto(resident.url + "/menu")
    resident.press("代他人缴费统计")
    resident.is_at("代他人缴费统计")
    resident.sees("一共缴费成功 1 笔")
    resident.sees(mask_name(insured.name))
    resident.sees_not(insured.number)
    page.get_by_text("查看详细").click()
    for words in ("南宁市", "青秀区", "建政街道", mask_number(insured.number)):
        resident.sees(words)
    page.get_by_text("按条件查询").click()
    page.get_by_label("市", exact=True).select_option("柳州市")
    resident.press("查询")
    resident.is_at("代他人缴费统计")
    resident.sees("没有符合条件的缴费。")
    resident.sees("查询条件：柳州市。")
    page.get_by_text("更改查询条件").click()
    page.get_by_label("市", exact=True).select_option("南宁市")
    page.get_by_label("所属年度").fill("二〇二六")
    resident.press("查询")
    resident.is_told("所属年度应为4位数字", "year")
    expect(page.get_by_label("所属年度")).to_have_value("二〇二六")
    page.get_by_label("所属年度").fill("")
    resident.press("查询")
    resident.sees("按条件查到缴费成功 1 笔")
    resident.sees("青秀区1 笔，400.00 元")

    for link, read in (("下载表格（Excel）", _read_xlsx), ("下载表格（CSV）", _read_csv)):
        with page.expect_download() as started:
            page.get_by_role("link", name=link).click()
        kept = tmp_path / "table"
        started.value.save_as(kept)
        assert started.value.suggested_filename.startswith("代他人缴费统计-")
        text = read(kept)
        assert "姓名（脱敏）" in text and mask_number(insured.number) in text and "建政街道" in text
        assert insured.number not in text and insured.name not in text


def _read_xlsx(path: Path) -> str:
    with zipfile.ZipFile(path) as file:
        return file.read("xl/worksheets/sheet1.xml").decode()


def _read_csv(path: Path) -> str:
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert len(rows) == 2
    return str(rows)


def test_the_same_through_json_and_nobody_elses(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client, stranger = (Client(embedded_system, sandbox.resident()) for _ in range(2))
    client.log_in()
    stranger.log_in()
    insured = sandbox.resident()
    quoted = client.quote(insured={"name": insured.name, "document_number": insured.number, "phone": ""})
    placed = client.call("POST", "/orders", {"quote": quoted["quote"]}, **{"Idempotency-Key": "statistics-1"})
    assert placed.status_code == 201, placed.text
    found = client.call("GET", "/paid-for-others").json()
    assert [row["result"] for row in found["rows"]] == ["pending"]
    cashier = requests.get(placed.json()["payment_url"], timeout=10).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=10)
    paid = "/paid-for-others?result=succeeded"
    assert wait_until(lambda: len(client.call("GET", paid).json()["rows"]) == 1, 10)
    totals = client.call("GET", "/paid-for-others/totals").json()["totals"]
    assert totals == [{"place_code": "", "result": "succeeded", "count": 1, "amount": 40000}]
    for path in ("/paid-for-others", "/paid-for-others/totals"):
        assert set(map(len, stranger.call("GET", path).json().values())) == {0}
    table = client.call("GET", "/paid-for-others/table/csv")
    assert table.status_code == 200 and table.headers["Content-Type"].startswith("text/csv")
    assert table.headers["Cache-Control"] == "no-store" and mask_number(insured.number) in table.text
    assert len(stranger.call("GET", "/paid-for-others/table/csv").text.splitlines()) == 1
    for path, status in (("/paid-for-others?year=x", 422), ("/paid-for-others?after=x", 422),
                         ("/paid-for-others/table/pdf", 404)):  # fmt: skip
        assert client.call("GET", path).status_code == status
    client.token = ""
    assert client.call("GET", "/paid-for-others/table/csv").status_code == 401
