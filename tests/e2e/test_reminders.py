"""短信提醒 as the resident meets it: told by SMS, read again under 我的, then told in WeChat and only there."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page

from deploy.local.system import EmbeddedSystem
from kit.masking import mask_phone
from tests.e2e.client import Client
from tests.e2e.resident import Resident

pytestmark = [pytest.mark.javascript]


def test_a_payer_reads_their_reminders_and_chooses_where_the_next_one_comes(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    someone, sandbox = resident.someone, resident.sandbox
    resident.log_in()
    resident.to_cashier()
    resident.pay()
    resident.is_at("缴费成功")
    text = sandbox.wait_for_sms(someone, lambda sms: "缴费成功" in sms)

    page.goto(resident.url + "/account")
    resident.press("短信提醒")
    resident.is_at("短信提醒")
    for shown in ("缴费成功提醒", mask_phone(someone.phone), text.removeprefix("【广西税务】")):
        resident.sees(shown)
    for _ in range(50):  # the carrier's report is on its way
        if page.get_by_text("已送达").count():
            break
        page.reload()
        time.sleep(0.1)
    resident.sees("已送达")
    resident.press("改用微信提醒")
    resident.sees("以后在微信里提醒您")

    client = Client(embedded_system, someone)
    client.enter()
    next_year = {"quote": client.quote(following=True)["quote"]}
    placed = client.call("POST", "/orders", next_year, **{"Idempotency-Key": "reminded-in-wechat"}).json()
    page.goto(placed["payment_url"])
    sandbox.post(f"/orders/{resident.order_number()}/decline")
    page.goto(f"{resident.url}/orders/{placed['order_id']}")  # whoever comes back makes us ask
    for _ in range(100):
        if told := sandbox.get("/wechat-messages", openid=someone.openid)["messages"]:
            break
        time.sleep(0.2)
    assert told[0]["body"]["thing1"]["value"] == "医疗保险"
    page.goto(resident.url + "/account/reminders")
    resident.sees("缴费未成功提醒")
    assert not any("未成功" in sms for sms in sandbox.sms(someone)), "nobody is told twice"
    resident.press("改用短信提醒")
    resident.sees("以后用短信提醒您")
