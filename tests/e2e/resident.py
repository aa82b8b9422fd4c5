"""A resident at a phone: finds things by what is written on them, and looks hard at every page."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request, Response, expect

from deploy.local.system import System
from tests.e2e.looks import LOOKS
from tests.e2e.sandbox import Sandbox, Someone


class Resident:
    """Goes through the pages as a person does; `log_in` and the steps after it end on the next page."""

    def __init__(self, page: Page, system: System, someone: Someone | None = None) -> None:
        self.page = page
        self.sandbox = Sandbox(system)
        self.someone = someone or self.sandbox.resident()
        self.url = system.url
        self._sandbox_url = system.sandbox_url
        self.has_javascript = _has_javascript(page)
        self.problems: list[str] = []
        self.taps = 0
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._note(message.text))
        page.on("request", self._note_host)

    def _note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.problems.append(text)

    def _note_host(self, request: Request) -> None:
        """Pages ask nobody but us, and the parties we send the browser to."""
        asked = urlsplit(request.url)
        ours = {urlsplit(self.url).netloc, urlsplit(self._sandbox_url).netloc}
        if asked.scheme in ("http", "https") and asked.netloc not in ours:
            self.problems.append(f"asked {asked.netloc}")

    # What is on the page

    def press(self, text: str) -> None:
        """A button or link by its words, and what comes of it."""
        self.taps += 1
        self._named(text).click()
        self.page.wait_for_load_state()

    def _named(self, text: str) -> Locator:
        """By all of its words where something has them, else by a part of them; a button before a link."""
        roles: tuple[Literal["button", "link"], ...] = ("button", "link")
        all_found = [
            self.page.get_by_role(r, name=text, exact=exact) for exact in (True, False) for r in roles
        ]
        found = next((locator for locator in all_found if locator.count()), all_found[-1])
        return found.locator("visible=true").last

    def sees(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def sees_not(self, text: str) -> None:
        expect(self.page.locator("main")).not_to_contain_text(text)

    def is_at(self, heading: str) -> None:
        """On the page with this heading, looked at hard, and with no ID number where others may read it."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        number = self.someone.number
        assert number not in self.page.url
        assert number not in self.page.title()
        if self.has_javascript:  # what looks waits for timers, which do not run without; the page is the same
            LOOKS.look(self.page)
        assert self.problems == []

    def is_told(self, message: str, field: str) -> None:
        """A form error: title, summary with focus and a link, the same words beside the field."""
        expect(self.page).to_have_title(re.compile("^错误："))
        summary = self.page.locator("#error-summary")
        expect(summary).to_contain_text(message)
        expect(summary).to_be_focused()
        expect(summary.locator(f'a[href="#{field}"]')).to_have_count(1)
        expect(self.page.locator(f"#{field}-error")).to_contain_text(message)
        if self.has_javascript:
            LOOKS.look(self.page)

    # What a resident does

    def enter(self) -> None:
        """From the official account's menu, through WeChat, which knows its user, to the login page."""
        self.page.goto(self.url + "/")
        if "/connect/oauth2/authorize" in self.page.url:
            self.page.goto(f"{self.page.url.partition('#')[0]}&as={self.someone.openid}")

    def come_back(self) -> None:
        """Enter with a browser that has forgotten its session."""
        self.page.context.clear_cookies()
        self.enter()

    def fill_in(self, **other: str) -> None:
        """All of the whole form but the consent and the code."""
        typed = {
            "name": self.someone.name,
            "number": self.someone.number,
            "phone": self.someone.phone,
        } | other
        self.page.get_by_label("姓名").fill(typed["name"])
        self.page.get_by_label("身份证号码").fill(typed["number"])
        self.page.get_by_label("手机号码").fill(typed["phone"])

    def ask_for_code(self) -> None:
        self.page.get_by_label("我已阅读并同意").check()
        self.press("获取验证码")

    def log_in(self) -> None:
        """All of 用户认证, to the menu."""
        self.enter()
        self.fill_in()
        self.ask_for_code()
        self.type_code()
        expect(self.page).to_have_url(re.compile("/menu$"))

    def log_in_again(self) -> None:
        """On the SMS page: the code alone."""
        self.press("获取验证码")
        self.type_code()

    def type_code(self) -> None:
        """The code that has been asked for, with a space in it as phones show it."""
        self.sees("验证码已发送到")
        code = self.sandbox.code_for(self.someone)
        self.page.get_by_label("短信验证码").fill(f"{code[:3]} {code[3:]}")
        self.press("登录")

    def choose_type(self, label: str) -> None:
        self.page.get_by_label(label).check()
        if not self.has_javascript:
            self.press("选好险种，继续选择")

    def to_payment(self) -> None:
        """自主缴费 with one enrolment, to 选择缴款方式."""
        self.press("自主缴费")
        self.press("下一步")
        self.press("下一步")
        self.press("核实无误，继续缴费")
        self.press("下一步")
        expect(self.page.get_by_role("heading", level=1)).to_have_text("选择缴款方式")

    def to_cashier(self) -> str:
        """On to UnionPay's page; returns UnionPay's order number."""
        self.to_payment()
        self.press("确认缴费")
        return self.order_number()

    def pay(self) -> None:
        """On UnionPay's page: pay, and come back."""
        self.taps += 1
        self.page.get_by_role("button", name=re.compile("^支付")).click()
        self.page.wait_for_load_state()

    def order_number(self) -> str:
        """On UnionPay's page: its order number."""
        expect(self.page).to_have_url(re.compile(re.escape(self._sandbox_url)))
        return self.page.locator("dd.number").inner_text().strip()

    def is_out(self) -> bool:
        """Whether the session is over."""
        self.page.goto(self.url + "/menu")
        return not self.page.url.endswith("/menu")

    def reload(self) -> Response | None:
        return self.page.reload()


def _has_javascript(page: Page) -> bool:
    """Whether pages run their own scripts on this phone; ours may always look."""
    page.set_content("<p id=x></p><script>document.getElementById('x').textContent = 'on'</script>")
    return page.locator("#x").inner_text() == "on"
