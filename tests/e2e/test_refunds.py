"""A refund as the resident meets it: asked for at the desk, shown on the order's page, told by SMS, payable again."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from deploy.local.supervisor import ROOT
from deploy.local.system import EmbeddedSystem
from tests.e2e.resident import Resident

pytestmark = [pytest.mark.javascript]


@pytest.fixture
def resident(page: Page, embedded_system: EmbeddedSystem) -> Resident:
    """Logged in, and has paid."""
    someone = Resident(page, embedded_system)
    someone.log_in()
    return someone


def _at_the_desk(system: EmbeddedSystem, *arguments: str) -> str:
    """What an operator reads who runs the command line."""
    command = [sys.executable, "-m", "services.payment.refund_desk", *arguments]
    environment = {"PATH": os.environ["PATH"], **system.settings.service("payment")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_a_refund_is_shown_told_and_leaves_the_year_to_be_paid_again(
    resident: Resident, embedded_system: EmbeddedSystem
) -> None:
    number = resident.to_cashier()
    slow = {"refund_status": "PROCESSING", "refund_delay_seconds": 8}
    resident.sandbox.put(f"/orders/{number}/settings", {"unionpay": slow})
    resident.pay()
    resident.is_at("缴费成功")
    order_page = resident.page.url
    order_id = order_page.partition("?")[0].rpartition("/")[2]

    asked = ["--reason", "重复参保", "--operator", "gx0007", "--name", "莫敏"]
    assert "状态：待提交" in _at_the_desk(embedded_system, "request", order_id, *asked)
    resident.page.goto(resident.url + "/orders")
    resident.sees("退费中")
    resident.page.goto(order_page)
    resident.is_at("正在退费")
    resident.sees("短信告诉您")

    text = resident.sandbox.wait_for_sms(resident.someone, lambda sms: "已退费" in sms)
    for words in (
        "缴费操作人",
        "操作时间",
        "退费涉及人员证件号码",
        "社保编号",
        "经办机构",
        "退费时间",
        "年度",
    ):
        assert words in text
    assert resident.someone.number not in text
    resident.page.goto(order_page)
    resident.is_at("已退费")
    resident.sees("退回原支付账户")
    resident.page.goto(resident.url + "/orders")
    resident.is_at("我的缴费记录")
    resident.sees("已退费")
    assert resident.sandbox.order_of(number)["refunded"] == resident.sandbox.order_of(number)["totalAmount"]

    resident.page.goto(resident.url + "/menu")
    assert resident.to_cashier() != number
    expect(resident.page.get_by_role("button", name=re.compile("^支付"))).to_be_visible()
