"""What a first journey's pages weigh and when they can be read: 400 kbps, 400 ms, a CPU 6 times slower.

Each page is loaded `--rounds` times: the heaviest counts, with headers, and the median time to its largest part (LCP),
beside its least and most. At most 10 rounds: nobody is sent more codes in a day.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.browser import new_phone, start_browser
from deploy.local.process import free_base
from deploy.local.scratch import scratch
from deploy.local.system import EmbeddedSystem, System

FIRST_KIB, NEXT_KIB, LCP_SECONDS = 60, 15, 2.5
_THROTTLED = {
    "offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8,
}  # fmt: skip
_CPU = 6
_HANGING = 180_000
"""Milliseconds that nothing takes which does not hang, on a machine that others use too."""
_LCP = """new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime / 1000))
    .observe({type: "largest-contentful-paint", buffered: true}))"""
_STEPS = (
    ("功能首页", "登录"), ("缴费人信息", "自主缴费"), ("缴费信息选择", "下一步"), ("请确认参保地", "下一步"),
    ("缴费信息确认", "核实无误，继续缴费"), ("选择缴款方式", "下一步"),
)  # fmt: skip
"""Each page, and what is pressed on the one before."""


@dataclass
class Seen:
    """What was measured of a page."""

    name: str
    most_kib: int
    kib: list[float] = field(default_factory=list)
    lcp: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool:
        return max(self.kib) <= self.most_kib and statistics.median(self.lcp) <= LCP_SECONDS

    def __str__(self) -> str:
        goal = f"(goal {self.most_kib} KiB, {LCP_SECONDS} s)"
        kib, lcp = max(self.kib), statistics.median(self.lcp)
        spread = f"LCP {lcp:.2f} s ({min(self.lcp):.2f}–{max(self.lcp):.2f})"
        return f"{kib:6.1f} KiB  {spread}  {goal}  {'met' if self.met else 'MISSED'}  {self.name}"


class Wire:
    """What travels to a page from its own site, and which hosts are asked."""

    def __init__(self, session: CDPSession, site: str) -> None:
        self._own, self._bytes = set[str](), 0
        self._site, self.hosts = urlsplit(site).netloc, set[str]()
        session.on("Network.loadingFinished", self._count)
        session.on("Network.requestWillBeSent", self._note)
        session.send("Network.enable")

    def _count(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._own:
            self._bytes += int(event["encodedDataLength"])

    def _note(self, event: dict[str, Any]) -> None:
        address = urlsplit(event["request"]["url"])
        if address.scheme in ("http", "https"):
            self.hosts.add(address.netloc)
        if address.netloc == self._site:
            self._own.add(event["requestId"])

    def take(self) -> float:
        """KiB since the last time."""
        kib, self._bytes = self._bytes / 1024, 0
        return kib


def run(seconds: int, rounds: int) -> bool:
    """True when every page meets its goals and asks no host but ours."""
    seen = [Seen("用户认证 (first visit)", FIRST_KIB), *(Seen(name, NEXT_KIB) for name, _ in _STEPS)]
    strangers = set[str]()
    with (
        scratch("bench") as path,
        EmbeddedSystem(path, free_base()) as system,
        sync_playwright() as playwright,
    ):
        browser = start_browser(playwright)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            strangers |= _walk(browser, system, number, seen)
        browser.close()
    for page in seen:
        print(page)
    print(f"asked other hosts: {', '.join(sorted(strangers)) or 'none'}")
    return all(page.met for page in seen) and not strangers


def _walk(browser: Browser, system: System, number: int, seen: list[Seen]) -> set[str]:
    """One first journey; the hosts asked that are not ours."""
    api = f"{system.sandbox_url}/sandbox/api"
    everybody = requests.get(f"{api}/personas", timeout=60).json()["personas"]
    found = next(one for one in everybody if one["persona"] == "medical_only")
    phone = f"138{number:08d}"
    with _new_page(browser, system.url) as (page, wire):
        _enter(page, system, f"oBenchPages{number:016d}")
        _read(page, wire, seen[0])
        page.get_by_label("姓名").fill(found["name"])
        page.get_by_label("身份证号码").fill(found["id_number"])
        page.get_by_label("手机号码").fill(phone)
        page.get_by_label("我已阅读并同意").check()
        page.get_by_role("button", name="获取验证码").click()
        page.get_by_text("验证码已发送到").wait_for()
        page.get_by_label("短信验证码").fill(_code(api, phone))
        wire.take()
        for page_seen, (heading, pressed) in zip(seen[1:], _STEPS, strict=True):
            page.get_by_role("button", name=pressed, exact=True).locator("visible=true").last.click()
            if heading != "功能首页":
                page.get_by_role("heading", level=1, name=heading).wait_for()
            else:
                page.wait_for_url(re.compile("/menu$"))
            _read(page, wire, page_seen)
        ours = {urlsplit(url).netloc for url in (system.url, system.sandbox_url)}
        return wire.hosts - ours


@contextmanager
def _new_page(browser: Browser, site: str) -> Iterator[tuple[Page, Wire]]:
    context = new_phone(browser)
    context.set_default_timeout(_HANGING)
    page = context.new_page()
    session = context.new_cdp_session(page)
    wire = Wire(session, site)
    session.send("Network.emulateNetworkConditions", _THROTTLED)
    session.send("Emulation.setCPUThrottlingRate", {"rate": _CPU})
    yield page, wire
    context.close()


def _enter(page: Page, system: System, openid: str) -> None:
    """Through WeChat, which knows its user; measured is the login page alone, loaded by its own address."""
    sent = requests.get(system.url + "/", allow_redirects=False, timeout=60)
    back = requests.get(
        f"{sent.headers['Location'].partition('#')[0]}&as={openid}", allow_redirects=False, timeout=60
    )
    entered = requests.get(back.headers["Location"], cookies=sent.cookies, allow_redirects=False, timeout=60)
    session = {"name": "session", "value": entered.cookies["session"], "url": system.url}
    page.context.add_cookies([session])  # type: ignore[list-item]
    page.goto(system.url + "/login", wait_until="load")


def _read(page: Page, wire: Wire, seen: Seen) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(1000)  # nothing more is painted
    seen.lcp.append(float(page.evaluate(_LCP)))
    seen.kib.append(wire.take())


def _code(api: str, phone: str) -> str:
    for _ in range(150):
        for message in requests.get(f"{api}/sms", params={"phone": phone}, timeout=60).json()["messages"]:
            if code := re.search(r"(?<!\d)\d{6}(?!\d)", message["text"]):
                return code.group()
        time.sleep(0.2)
    raise TimeoutError("no code arrived")
