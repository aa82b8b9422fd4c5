"""A member of staff at a desk: makes accounts as a person does, logs in with both factors, and looks hard at every
page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from contract.staff import PROVINCE
from deploy.local.system import System
from kit.clock import OffsetClock
from services.console.domain import totp

_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PASSWORD = "榕江 夜雨 42 灯笼 渡口"


class Desk:
    """One browser of one member of staff."""

    def __init__(self, browser: Browser, system: System, width: int = 1280, *, looking: bool = True) -> None:
        """`looking`: with axe at every page; whoever comes after another on the same pages need not."""
        self._system, self.url, self._looking = system, system.settings.console_url, looking
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="zh-CN")
        context.set_default_timeout(60_000)
        self.page: Page = context.new_page()
        self._blocked: list[str] = []
        self.page.on("console", lambda message: self._note(message.text))

    def _note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self._blocked.append(text)

    def bootstrap(self, account: str, role: str) -> str:
        """The first account, by the command an operator types; its one-time password."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "services.console.accounts", "create", account, "--name", "管理员",
             "--role", role],
            env={"PATH": os.environ["PATH"], **self._system.settings.service("console")},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        found = re.search(r"一次性密码：(\S+)", done.stdout)
        assert found, done.stdout + done.stderr
        return found[1]

    def first_login(self, account: str, password: str) -> None:
        """Enrol the second factor, keep the recovery codes, set a password of one's own; ends at home."""
        self.page.goto(self.url + "/")
        self.is_at("登录工作台")
        self.page.get_by_label("账号").fill(account)
        self.page.get_by_label("密码").fill(password)
        self.press("下一步")
        self.is_at("绑定动态口令")
        secret = self.page.locator("code.secret").inner_text()
        now = OffsetClock(self._system.state / "clock-offset").now()
        self.page.get_by_label("动态口令", exact=True).fill(totp.code_at(secret, totp.step_of(now)))
        self.press("绑定并登录")
        self.is_at("请抄下恢复码")
        assert self.page.locator(".codes code").count() == 8
        self.press("已经抄好，继续")
        self.is_at("请设置自己的密码")
        self.page.get_by_label("一次性密码").fill(password)
        self.page.get_by_label("新密码", exact=True).fill(PASSWORD)
        self.page.get_by_label("再输入一次新密码").fill(PASSWORD)
        self.press("保存新密码")
        expect(self.page.get_by_role("navigation")).to_be_visible(timeout=60_000)

    def make(self, account: str, name: str, role: str, level: str = PROVINCE) -> str:
        """As an administrator: another account; its one-time password."""
        self.page.goto(self.url + "/accounts")
        form = self.page.locator('form[action="/accounts"]')
        form.get_by_label("账号").fill(account)
        form.get_by_label("姓名").fill(name)
        form.get_by_label("岗位").select_option(role)
        form.get_by_label("统筹级次").select_option(level)
        self.press("新建")
        self.is_at(f"账号 {account} 的一次性密码")
        return self.page.locator("code.secret").inner_text()

    def go(self, title: str) -> None:
        """By the menu."""
        self.page.get_by_role("navigation").get_by_role("link", name=title).click()
        self.page.wait_for_load_state()

    def press(self, text: str) -> None:
        """A button or link by all of its words."""
        for role in ("button", "link"):
            found = self.page.get_by_role(role, name=text, exact=True)  # type: ignore[arg-type]
            if found.count():
                found.first.click()
                self.page.wait_for_load_state()
                return
        raise AssertionError(f"nothing says {text}")

    def offers(self, text: str) -> bool:
        return any(
            self.page.get_by_role(role, name=text).count()  # type: ignore[arg-type]
            for role in ("button", "link")
        )

    def sees(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text, timeout=60_000)

    def sees_not(self, text: str) -> None:
        expect(self.page.locator("main")).not_to_contain_text(text)

    def menu(self) -> list[str]:
        return self.page.get_by_role("navigation").get_by_role("link").all_inner_texts()

    def is_at(self, heading: str) -> None:
        """On the page with this heading, which passes axe, does not scroll sideways and breaks no policy."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading, timeout=60_000)
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(sideways) <= 0, "it scrolls sideways"
        assert self._blocked == []
        if not self._looking:
            return
        self.page.evaluate(_AXE)
        found: dict[str, Any] = self.page.evaluate("rules => axe.run(document, rules)", _RULES)
        violations = [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]
        assert violations == []
