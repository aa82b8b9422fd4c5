"""缴费证明 (3.2.1.16): issued, seen, downloaded, checked by anybody, replaced; a school's list and its link."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile

import pytest
import requests
from playwright.sync_api import Page

from deploy.local.system import EmbeddedSystem
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox


@pytest.mark.javascript
def test_a_resident_gets_a_certificate_that_anybody_can_check(
    page: Page, embedded_system: EmbeddedSystem, tmp_path: object
) -> None:
    resident = Resident(page, embedded_system)
    resident.someone = resident.sandbox.persona("declared")
    resident.log_in()
    resident.press("缴费证明")
    resident.is_at("缴费证明")
    resident.press("开具缴费证明")
    resident.is_at("开具缴费证明")
    resident.sandbox.put("/settings", {"eseal": {"latency_ms": 3000}})
    resident.press("开具证明")
    resident.is_at("正在开具")
    resident.sandbox.put("/settings", {"eseal": {"latency_ms": 0}})
    resident.is_at("缴费证明已开具")
    resident.sees("国家税务总局百色市右江区税务局")
    shown = page.locator(".sheets img")
    assert shown.evaluate("image => image.complete || image.decode().then(() => true)")
    with page.expect_download() as downloading:
        resident.press("下载 PDF 文件")
    first = downloading.value.path()
    with page.expect_download() as downloading:
        resident.press("下载 PDF 文件")
    assert first.read_bytes() == downloading.value.path().read_bytes(), "the same bytes every time"
    address = page.url.partition("?")[0]
    resident.press("微信里下载不了")
    resident.is_at("用手机浏览器下载")
    link = page.locator("#link").inner_text()
    if resident.has_javascript:
        resident.press("复制链接")
        resident.sees("已复制")
    elsewhere = requests.get(link, timeout=60)
    assert elsewhere.content == first.read_bytes()
    assert elsewhere.headers["Cache-Control"] == "no-store"

    page.goto(f"{resident.url}/check")
    resident.is_at("验证缴费证明")
    resident.press("上传并验证")
    resident.is_told("请选择下载的缴费证明原文件", "file")
    content = first.read_bytes()
    upload = {"name": "it.pdf", "mimeType": "application/pdf"}
    page.set_input_files("#file", {**upload, "buffer": content})
    resident.press("上传并验证")
    resident.is_at("这份证明有效")
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    page.goto(f"{resident.url}/check")
    page.set_input_files("#file", {**upload, "buffer": bytes(changed)})
    resident.press("上传并验证")
    resident.is_at("这个文件不是原来的证明")

    page.goto(f"{address}/replacement")
    resident.is_at("作废重开")
    resident.press("确认作废并重新开具")
    resident.is_told("请填写2到100个字的作废原因", "reason")
    page.get_by_label("作废原因").fill("缴费记录有变化")
    resident.press("确认作废并重新开具")
    resident.is_at("缴费证明已开具")
    page.goto(f"{resident.url}/check")
    page.set_input_files("#file", {**upload, "buffer": content})
    resident.press("上传并验证")
    resident.is_at("这份证明已经作废")
    page.goto(f"{resident.url}/menu")
    assert requests.get(link, timeout=60).status_code == 200, "the voided one can still be had"
    resident.press("退出登录")
    late = requests.get(link, timeout=60)
    assert (late.status_code, "重新复制下载链接" in late.text) == (404, True)


def test_a_school_hands_in_a_list_and_hands_out_a_link(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    _authorise(embedded_system, resident)
    resident.log_in()
    paid, unpaid = resident.sandbox.persona("declared"), resident.sandbox.resident()
    page.goto(f"{resident.url}/certificates")
    resident.press("学校缴费证明")
    resident.is_at("学校缴费证明")
    resident.press("上传名单，统一开具")
    resident.is_at("上传名单")
    roll = "\n".join(f"{one.name},{one.number}" for one in (paid, unpaid)).encode()
    for _ in range(2):  # the same list again goes on where it was
        page.set_input_files("#file", {"name": "名单.csv", "mimeType": "text/csv", "buffer": roll})
        resident.press("上传并开具")
        resident.is_at("名单已办完")
        address = page.url.partition("?")[0]
        page.goto(f"{resident.url}/schools")
        assert page.locator(".entries li").count() == 1
        resident.press("上传名单，统一开具")
    page.goto(address)
    resident.sees("没有查询到已经入库的缴费记录")
    with page.expect_download() as downloading:
        resident.press("下载已开具的证明（ZIP）")
    with zipfile.ZipFile(io.BytesIO(downloading.value.path().read_bytes())) as packed:
        names = packed.namelist()
        assert packed.testzip() is None
        index = packed.read("目录.csv").decode("utf-8-sig")
    assert (len(names), names[0][:4]) == (2, "0001")
    assert paid.number not in index
    page.goto(f"{resident.url}/schools")
    resident.press("把链接发给学生")
    resident.is_at("把链接发给学生")
    resident.press("生成链接")
    link = page.locator("#link").inner_text()
    page.goto(link)
    resident.is_at("开具缴费证明")
    resident.sees("所属期已经按照南宁市第二中学的要求填好")


def test_a_stranger_finds_nothing_of_others(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    owner, stranger = (
        Client(embedded_system, sandbox.persona("declared")),
        Client(embedded_system, sandbox.resident()),
    )
    owner.log_in()
    period = {"period_from": "202601", "period_to": "202712"}
    asked = [
        owner.call("POST", "/certificates", period, **{"Idempotency-Key": "key-00001"}) for _ in range(2)
    ]
    assert asked[0].json()["number"] == asked[1].json()["number"]
    path = f"/certificates/{asked[0].json()['certificate_id']}"
    owner.until(path, "issued")
    stranger.log_in()
    for of in (path, f"{path}/file"):
        assert stranger.call("GET", of).status_code == 404
    wrong = {"number": asked[0].json()["number"], "check_code": "0000000000"}
    assert stranger.call("POST", "/certificate-checks", wrong).json()["verdict"] == "unknown"


def _authorise(system: EmbeddedSystem, operator: Resident) -> None:
    """What a tax officer does on the command line."""
    command = [
        sys.executable,
        "-m",
        "services.certificate.desk",
        "authorise",
        "南宁市第二中学",
        "--officer",
        "45010001",
    ]
    someone = operator.someone
    environment = os.environ | system.env
    subprocess.run(
        [*command, "--number", someone.number, "--name", someone.name], env=environment, check=True
    )
