"""A resident's phone: Chromium as WeChat's browser, which can reach nothing but this machine."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, BrowserContext, Playwright

WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.49.2600 WeChat/arm64 NetType/WIFI Language/zh_CN"
)
_ARGUMENTS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--lang=zh-CN",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


def start_browser(playwright: Playwright) -> Browser:
    """The distribution's Chromium, or Playwright's where there is none."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)


def new_phone(browser: Browser, javascript: bool = True) -> BrowserContext:
    """A phone that was never here."""
    return browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN",
        timezone_id="Asia/Shanghai", user_agent=WECHAT, java_script_enabled=javascript,
    )  # fmt: skip
