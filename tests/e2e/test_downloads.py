"""What WeChat's browser cannot save leaves it by a link for the phone's own: whole, masked, recorded, soon over
(docs/adr/0034). That of a certificate is in test_certificates.py."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from bench.browser import new_phone
from deploy.local.system import EmbeddedSystem
from kit.masking import mask_number
from tests.e2e.resident import Resident
from tests.e2e.test_paid_for_others import PLACE, pay_for

OVER = "下载链接已经失效"


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[Page]:
    """The phone's own browser, which knows nobody."""
    with closing(browser.new_context(locale="zh-CN")) as context:
        yield context.new_page()


def _link(resident: Resident) -> str:
    """Of the page the resident asks for it on; it says nothing to whoever reads it."""
    resident.press("微信里下载不了")
    resident.is_at("用手机浏览器下载")
    resident.sees("10分钟内有效")
    link = resident.page.locator("#link").inner_text()
    if resident.has_javascript:
        resident.press("复制链接")
        resident.sees("已复制")
    assert link.startswith(f"{resident.url}/downloads/") and "?" not in link
    return link


def _saved(page: Page, link: str) -> tuple[str, Path]:
    """What comes of pasting a link: a file with its name, and no page."""
    with page.expect_download() as started, suppress(Error):
        page.goto(link)
    return started.value.suggested_filename, Path(started.value.path())


def _is_over(page: Page, link: str) -> None:
    answer = page.goto(link)
    assert answer is not None and answer.status == 404
    assert OVER in page.locator("main").inner_text() and "重新复制下载链接" in page.content()


def _rows(path: Path) -> str:
    with zipfile.ZipFile(path) as file:
        return file.read("xl/worksheets/sheet1.xml").decode()


def _tables_taken(system: EmbeddedSystem) -> int:
    """As payment keeps them: who took which figures away."""
    with closing(sqlite3.connect(f"file:{system.state}/payment.sqlite3?mode=ro", uri=True)) as books:
        return int(books.execute("SELECT count(*) FROM exports").fetchone()[0])


def test_a_table_leaves_wechat_by_a_link_with_what_was_asked_for_and_is_over_with_the_login(
    page: Page, elsewhere: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    insured = resident.sandbox.resident()
    resident.log_in()
    pay_for(resident, insured)
    page.goto(resident.url + "/paid-for-others")
    page.get_by_text("按条件查询").click()
    page.get_by_label("险种").select_option("医疗保险")
    resident.press("查询")
    resident.sees("按条件查到缴费成功 1 笔")
    link = _link(resident)

    before = _tables_taken(embedded_system)
    name, file = _saved(elsewhere, link)
    assert name.startswith("代他人缴费统计-") and name.endswith(".xlsx")
    text = _rows(file)
    assert mask_number(insured.number) in text and PLACE[-1][1] in text
    assert insured.number not in text and insured.name not in text
    assert _tables_taken(embedded_system) == before + 1, "recorded as if 下载 had been pressed"
    assert embedded_system.url not in elsewhere.url, "no session, no page, nothing left there"
    assert elsewhere.context.cookies() == []

    resident.press("返回")
    resident.is_at("代他人缴费统计")
    resident.sees("按条件查到缴费成功 1 笔")
    page.get_by_text("更改查询条件").click()
    page.get_by_label("险种").select_option("养老保险")
    resident.press("查询")
    resident.sees("没有符合条件的缴费")
    page.goto(page.url.replace("/paid-for-others?", "/paid-for-others/link?"))
    _, empty = _saved(elsewhere, page.locator("#link").inner_text())
    assert mask_number(insured.number) not in _rows(empty), "the filter is in the link, sealed"

    _is_over(elsewhere, link[:-1] + ("A" if link[-1] != "A" else "B"))
    page.goto(resident.url + "/menu")
    resident.press("退出登录")
    _is_over(elsewhere, link)


def test_ones_own_data_leave_wechat_by_a_link_and_are_nobody_elses(
    browser: Browser, elsewhere: Page, embedded_system: EmbeddedSystem
) -> None:
    with closing(new_phone(browser, javascript=False)) as phone:
        resident = Resident(phone.new_page(), embedded_system)
        someone = resident.someone
        resident.log_in()
        resident.to_cashier()
        resident.pay()
        resident.is_at("缴费成功")
        resident.page.goto(resident.url + "/account/export")
        resident.is_at("导出我的信息")
        link = _link(resident)

        name, file = _saved(elsewhere, link)
        assert name.endswith(".json")
        told = file.read_text("utf-8")
        exported = json.loads(told)
        assert exported["person"]["account"]["document_number"] == mask_number(someone.number)
        assert [order["amount"] for order in exported["orders"]] == [40_000]
        for plain in (someone.name, someone.number, someone.phone):
            assert plain not in told and plain not in link
        again = json.loads(_saved(elsewhere, link)[1].read_text("utf-8"))
        assert again["orders"] == exported["orders"], "browsers ask twice"

        answer = elsewhere.request.get(link)
        assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
        refused = elsewhere.goto(resident.url + "/account/export")
        assert refused is not None and someone.name not in elsewhere.content(), (
            "the file's own address asks who it is"
        )

        resident.press("返回")
        resident.is_at("导出我的信息")
        resident.page.goto(resident.url + "/menu")
        resident.press("退出登录")
    _is_over(elsewhere, link)
