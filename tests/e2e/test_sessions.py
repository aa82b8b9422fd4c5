"""登录设备: one person on two phones sees both, ends either, and a new phone number ends the old one's login.

The pages on real servers, where events travel over RabbitMQ; JSON in one process.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.system import EmbeddedSystem, FullSystem
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox

MINUTE = 60
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.49 NetType/WIFI Language/zh_CN"
)
STRANGERS = "0" * 32


@pytest.fixture
def resident(page: Page, full_system: FullSystem) -> Resident:
    return Resident(page, full_system)


@pytest.fixture
def second_phone(browser: Browser, resident: Resident, full_system: FullSystem) -> Iterator[Resident]:
    """The same person at another phone, with another WeChat user."""
    context = browser.new_context(user_agent=IPHONE, java_script_enabled=resident.has_javascript)
    someone = replace(resident.someone, openid=f"{resident.someone.openid}-second")
    yield Resident(context.new_page(), full_system, someone)
    context.close()


@pytest.mark.javascript
def test_a_person_ends_the_login_of_another_phone(
    resident: Resident, second_phone: Resident, full_system: FullSystem
) -> None:
    resident.log_in()
    try:
        full_system.set_clock(2 * MINUTE)
        second_phone.log_in()
        resident.reload()
        resident.press("我的")
        resident.press("登录设备")
        resident.is_at("登录设备")
        cards = resident.page.locator("section.card")
        expect(cards).to_have_count(2)
        expect(cards.filter(has_text="本机")).to_contain_text("安卓手机")
        expect(cards.filter(has_text="iPhone")).not_to_contain_text("本机")
        resident.press("退出这台设备")
        resident.sees("这台设备已经退出登录。")
        resident.sees("没有其他设备登录着。")
        second_phone.come_back()
        second_phone.is_at("短信验证码登录")
    finally:
        full_system.set_clock(0)


def test_a_new_phone_number_ends_the_login_of_the_old_one(
    resident: Resident, second_phone: Resident, full_system: FullSystem
) -> None:
    """【重新认证】 with another number (3.2.1.2): whoever holds the old phone is out."""
    resident.log_in()
    changed = replace(second_phone.someone, phone=f"137{resident.someone.phone[3:]}")
    second_phone.someone = changed
    second_phone.log_in()
    _until(resident.is_out)
    resident.come_back()
    resident.is_at("短信验证码登录")
    resident.sees("137****")
    second_phone.reload()
    expect(second_phone.page).to_have_url(re.compile("/menu$"))


def test_the_same_by_json(embedded_system: EmbeddedSystem) -> None:
    someone = Sandbox(embedded_system).resident()
    first = Client(embedded_system, someone)
    second = Client(embedded_system, replace(someone, openid=f"{someone.openid}-second"))
    assert first.enter()["standing"] == "new"
    first.log_in()
    try:
        embedded_system.set_clock(2 * MINUTE)
        second.log_in()
        assert second.enter()["standing"] == "recent"  # a second session of the second phone
        listed = first.call("GET", "/sessions").json()["sessions"]
        assert len(listed) == 3
        assert [one["current"] for one in listed].count(True) == 1
        assert all(one["since"] <= one["last_seen_at"] for one in listed)

        stranger = Client(embedded_system, Sandbox(embedded_system).resident())
        stranger.log_in()
        other = next(one["session_id"] for one in listed if not one["current"])
        for session_id in (other, STRANGERS):
            assert stranger.call("DELETE", f"/sessions/{session_id}").status_code == 404
        assert first.call("DELETE", f"/sessions/{other}").status_code == 204
        assert first.call("DELETE", f"/sessions/{other}").status_code == 404
        assert first.call("DELETE", "/sessions").status_code == 204
        assert len(first.call("GET", "/sessions").json()["sessions"]) == 1
        assert second.call("GET", "/sessions").status_code == 401

        opened = second.enter()
        assert (opened["standing"], opened["consent_needed"]) == ("known", False)
        assert "*" in opened["payer_number"]
        assert someone.number not in str(opened)
        embedded_system.set_clock(4 * MINUTE)
        assert second.log_in_as({})["standing"] == "recent"
        assert second.call("DELETE", "/sessions/current").status_code == 204
        assert second.enter()["standing"] == "known"
    finally:
        embedded_system.set_clock(0)


def _until(done: Callable[[], object]) -> None:
    """Events travel; they are there in a moment."""
    deadline = time.monotonic() + 15
    while not done():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)
