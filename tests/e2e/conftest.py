"""A resident's phone: Chromium as WeChat's browser, with and without JavaScript, on both kinds of system."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from deploy.local.system import System

WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.49.2600 WeChat/arm64 NetType/WIFI Language/zh_CN"
)
_ARGUMENTS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--lang=zh-CN",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


@pytest.fixture(scope="session", params=["embedded", "full"])
def system(request: pytest.FixtureRequest) -> System:
    """The whole product, once in one process and once on real servers."""
    found: System = request.getfixturevalue(f"{request.param}_system")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, or Playwright's where there is none; it can reach nothing but this machine."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(params=[True, False], ids=["javascript", "plain"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A phone of its own for each test, once with JavaScript and once without."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN",
        timezone_id="Asia/Shanghai", user_agent=WECHAT, java_script_enabled=request.param,
    )  # fmt: skip
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    """An open page on the phone."""
    return phone.new_page()
