"""More people than the upstream bears: each page says how many are ahead, and goes on by itself (3.1 容峰)."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem, FullSystem
from kit.clock import china_text
from services.gateway.domain.waiting import ASKING
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox

LIMIT = 20
"""TAXBANK_LIMIT, where nothing else is set."""
AHEAD = 3


@pytest.fixture(scope="module")
def others(embedded_system: EmbeddedSystem) -> list[Client]:
    """As many logged-in people as the upstream takes at once, and a few more."""
    everybody = [Client(embedded_system, Sandbox(embedded_system).resident()) for _ in range(LIMIT + AHEAD)]
    for one in everybody:
        one.log_in()
    return everybody


@pytest.fixture
def crowded(embedded_system: EmbeddedSystem, others: list[Client]) -> Iterator[list[dict[str, Any]]]:
    """They all have asked an upstream that takes its time; what they were answered."""
    sandbox = Sandbox(embedded_system)
    sandbox.put("/settings", {"taxbank": {"latency_ms": 8000}})
    answers: list[dict[str, Any]] = []
    asking = [
        threading.Thread(target=lambda one=one: answers.append(one.call("POST", "/enrolments", {}).json()))
        for one in others
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    yield answers
    sandbox.put("/settings", {"taxbank": {"latency_ms": 0}})


@pytest.mark.javascript
def test_who_waits_sees_how_many_are_ahead(page: Page, embedded_system: EmbeddedSystem, request: Any) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.press("自主缴费")
    answers = request.getfixturevalue("crowded")
    assert all((one["status"], one["entries"]) == ("asking", []) for one in answers)
    assert max(one["ahead"] or 0 for one in answers) in range(1, AHEAD)
    assert all(one["retry_after"] >= 1 for one in answers)
    resident.press("下一步")
    resident.is_at("正在查询参保信息")
    expect(page.locator("main")).to_contain_text(re.compile("您前面还有[123]人，大约需要等[0-9]+秒"))
    resident.sees("没有扣款")
    resident.sandbox.put("/settings", {"taxbank": {"latency_ms": 0}})
    resident.is_at("缴费信息选择")
    assert resident.sandbox.asked_for_enrolment(resident.someone) == 1


@pytest.mark.javascript
def test_a_slow_quote_is_waited_for_on_a_page_that_goes_on(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    resident.sandbox.put(f"/people/{resident.someone.key}/settings", {"taxbank": {"latency_ms": 4500}})
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    expect(page.get_by_role("heading", level=1)).to_have_text("正在查询应缴费额")
    page.goto(page.url.rpartition("/")[0])
    resident.is_at("正在查询应缴费额")
    resident.is_at("缴费信息确认")


def test_what_the_upstream_said_last_is_shown_with_its_time(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    mine = f"/people/{resident.someone.key}/settings"
    resident.log_in()
    resident.press("自主缴费")
    before = dt.datetime.now(dt.UTC)
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    resident.sees_not("社保系统暂时没有响应")
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 1}})
    page.goto(resident.url + "/menu")
    resident.press("自主缴费")
    resident.press("下一步")
    resident.is_at("缴费信息选择")
    told = {china_text(before + dt.timedelta(minutes=later)) for later in (0, 1)}
    expect(page.locator(".notice")).to_contain_text(re.compile("|".join(told)))
    resident.press("下一步")
    resident.press("核实无误，继续缴费")
    resident.is_at("社保系统暂时没有响应")
    resident.sandbox.put(mine, {"taxbank": {"error_rate": 0}})
    resident.press("再试一次")
    resident.press("下一步")
    resident.is_at("缴费信息确认")


def test_a_question_whose_gateway_was_killed_is_asked_again(page: Page, full_system: FullSystem) -> None:
    resident = Resident(page, full_system)
    mine = f"/people/{resident.someone.key}/settings"
    resident.log_in()
    resident.press("自主缴费")
    resident.sandbox.put(mine, {"taxbank": {"latency_ms": 8000}})
    resident.press("下一步")
    resident.is_at("正在查询参保信息")
    waiting = page.url
    full_system.kill("gateway")
    resident.sandbox.put(mine, {"taxbank": {"latency_ms": 0}})
    full_system.wait_ready()
    full_system.set_clock(ASKING.total_seconds())
    try:
        page.goto(waiting)
        resident.is_at("缴费人信息")
        resident.sees("刚才的查询没有完成，没有扣款")
        resident.press("下一步")
        resident.is_at("缴费信息选择")
    finally:
        full_system.set_clock(0)
