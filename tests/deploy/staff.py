"""Staff at the console, by its forms as a browser sends them: accounts from nothing, both factors, money given back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import urljoin

import requests

from contract.staff import Role
from deploy.local.process import wait_until
from kit.clock import SystemClock
from services.console.domain import totp
from tests.chaos.pages import Form, Page
from tests.deploy.stack import Stack

_PASSWORD = "榕江 夜雨 42 灯笼 渡口"
_PATIENCE = 120.0
_REFUNDED = "已退费"


class ConsoleFailed(Exception):
    """A page of the console did not come, or did not say what it must."""


class Desk:
    """One member of staff at one browser."""

    def __init__(self, url: str, account: str, one_time_password: str) -> None:
        self._url, self.account = url, account
        self._http = requests.Session()
        self._first_login(one_time_password)

    @classmethod
    def of_the_first(cls, stack: Stack, account: str = "admin") -> Desk:
        """An administrator, made by the command an operator types in the console's container."""
        (console,) = stack.project.containers("console")
        said = console.execute(
            "python", "-W", "ignore", "-m", "services.console.accounts", "create", account, "--name", "管理员",
            "--role", Role.ADMINISTRATOR.value,
        )  # fmt: skip
        return cls(stack.places.console_url, account, _found(r"一次性密码：(\S+)", said))

    def make(self, account: str, role: Role) -> Desk:
        """As an administrator: another account, which logs in for the first time."""
        page = self._open("/accounts")
        made = self._send(page, "/accounts", account=account, name="莫敏", role=role.value)
        return Desk(self._url, account, _found(r'<code class="secret">(\S+)</code>', made.text))

    def finds(self, order_id: str) -> bool:
        """Whether the order is found by whoever has a reason to look for it, and looks again while there is trouble."""
        found: list[str] = []

        def look() -> bool:
            try:
                page = self._send(
                    self._open("/orders"), "/orders", purpose="部署演练核对订单", number=order_id
                )
            except (ConsoleFailed, requests.RequestException):
                return False
            found.append(page.text)
            return "查到 1 笔" in page.text

        return wait_until(look, _PATIENCE, pause=1) and order_id in found[-1]

    def gives_back(self, order_id: str) -> None:
        """Have the whole order refunded, and wait until UnionPay has done so. Raises ConsoleFailed."""
        page = self._send(
            self._open(f"/refunds/new?order={order_id}"), "/refunds", order=order_id, reason="部署演练退费"
        )
        deadline = time.monotonic() + _PATIENCE
        while _REFUNDED not in page.text:
            if time.monotonic() > deadline or "退费编号" not in page.text:
                raise ConsoleFailed(f"{page.url} does not say {_REFUNDED}")
            time.sleep(1)
            page = self._open(page.path)

    def _first_login(self, password: str) -> None:
        page = self._send(self._open("/login"), "/login", account=self.account, password=password)
        secret = _found(r'<code class="secret">(\w+)</code>', page.text)
        code = totp.code_at(secret, totp.step_of(SystemClock().now()))
        if "恢复码" not in self._send(page, "/login/code", code=code).text:
            raise ConsoleFailed("the second factor was not taken")
        page = self._send(
            self._open("/password"), "/password", current=password, password=_PASSWORD, again=_PASSWORD
        )
        if page.path != "/home":
            raise ConsoleFailed(f"the login ends at {page.path}")

    def _open(self, path: str) -> Page:
        return _page(lambda: self._http.get(urljoin(self._url, path), timeout=30))

    def _send(self, page: Page, action: str, **typed: str) -> Page:
        form: Form | None = page.form(action)
        if form is None:
            raise ConsoleFailed(f"{page.url} has no form {action}")
        return _page(lambda: self._http.post(urljoin(page.url, action), data=form.fields | typed, timeout=60))


def _page(ask: Callable[[], requests.Response]) -> Page:
    answer = ask()
    if not answer.ok:
        heading = re.search(r"<h1>(.*?)</h1>", answer.text)
        raise ConsoleFailed(f"{answer.url} answers {answer.status_code} {heading[1] if heading else ''}")
    return Page(answer)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ConsoleFailed(f"nothing reads {pattern}")
    return found[1]
