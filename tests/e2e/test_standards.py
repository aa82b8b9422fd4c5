"""缴费标准 in Chromium and through JSON: one's own place, any other by the list of divisions, and what an
authority's new table changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from deploy.local.system import System
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox
from tests.factories.contribution_sheets import flexible, workbook


@pytest.mark.javascript
def test_a_flexible_worker_reads_the_bases_and_goes_on_paying(page: Page, embedded_system: System) -> None:
    resident = Resident(page, embedded_system, Sandbox(embedded_system).persona("flexible"))
    asked = resident.sandbox.asked_for_enrolment(resident.someone)
    resident.log_in()
    resident.press("缴费标准")
    resident.is_at("缴费标准")
    page.get_by_label("市", exact=True).select_option(label="南宁市")
    resident.press("查看标准")
    resident.sees("现在显示的是全市的标准")
    page.get_by_label("县（市、区）").select_option(label="青秀区")
    page.get_by_label("缴费人员").select_option(label="城乡居民")
    resident.press("查看标准")
    resident.is_at("缴费标准")
    resident.sees("南宁市青秀区")
    resident.sees("演示数据")
    resident.sees("2000.00 元/年")
    resident.press("返回首页")
    resident.press("自主缴费")
    resident.press("下一步")
    resident.choose_type("灵活就业人员养老保险")
    resident.sees("9728.64 元")
    resident.press("查看当地的缴费标准")
    resident.is_at("缴费标准")
    resident.sees("贺州市昭平县")
    resident.sees("一年应缴 = 月缴费基数 × 20% × 12 个月")
    resident.sees("4053.60 元 × 20% × 12 个月 = 9728.64 元")
    resident.press("继续缴费")
    resident.is_at("缴费信息选择")
    assert resident.sandbox.asked_for_enrolment(resident.someone) == asked + 1, "no upstream is asked for it"


def test_an_authoritys_new_table_counts_at_once(full_system: System, tmp_path: Path) -> None:
    """By the operators' command line; the upstream does not agree with it, so nothing is charged."""
    client = Client(full_system, Sandbox(full_system).persona("flexible_arrears"))
    client.log_in()
    found = client.call("POST", "/enrolments", {}).json()
    entry = next(e for e in found["entries"] if e["insurance_type"] == "pension")
    (year,) = entry["years"]
    chosen = {"journey_id": found["journey_id"], "entry_id": entry["entry_id"], "year": year}
    before = client.call("GET", "/tiers?" + urlencode(chosen)).json()
    assert (before["source"], before["tiers"][0]["amount"]) == ("演示数据", 972_864)

    file = tmp_path / "标准.xlsx"
    file.write_bytes(
        workbook(flexible("60%基数档", "4100", bounds=("4000", "21000"), year=year, pooling="451300"))
    )
    said = _tables(full_system, "preview", str(file), operator="4513-1")
    (import_id,) = re.findall(r"编号 (\S+)", said)
    _tables(full_system, "submit", import_id, "--reason", "端到端测试", operator="4513-1")
    _tables(full_system, "approve", import_id, operator="4513-2")

    asked = {"division_code": "451322", "payer_kind": "1", "year": year}
    shown = client.call("GET", "/standards?" + urlencode(asked)).json()["standards"][0]
    assert (shown["demonstration"], shown["table"]["source"]) == (False, "来宾市税务局")
    assert shown["table"]["tiers"] == [
        {"code": "60%基数档", "label": "60%基数档", "amount": 984_000, "base": 410_000}
    ]
    refused = client.call("POST", "/quotes", chosen | {"tier_code": "60%基数档"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:gx-tax:tier_amount_differs")
    assert "9840.00元" in refused.json()["title"] and "没有扣款" in refused.json()["title"]


def _tables(system: System, *arguments: str, operator: str) -> str:
    who = ("--operator", operator, "--name", "测试", "--pooling", "451300")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.fakes.machine_user", operator.replace("-", ""),
         "services.contribution.tables", *arguments, *who],
        env={"PATH": os.environ["PATH"], **system.environment("contribution")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
