"""一次为多人缴费 (3.2.1.7): a household and a village in one payment, and nobody in the list dropped in silence."""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.local.process import wait_until
from deploy.local.system import EmbeddedSystem, FullSystem
from kit.clock import china
from kit.masking import mask_name, mask_number
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone

VILLAGE = 50
ASKED_ONCE = {"taxbank.insured": 1, "taxbank.resident_payable": 1}


def _typed(someone: Someone) -> str:
    return f"{someone.name} {someone.number} {someone.phone}"


def _add_member(resident: Resident, someone: Someone) -> None:
    page = resident.page
    page.goto(resident.url + "/household/new")
    page.get_by_label("与本人关系").select_option("配偶")
    page.get_by_label("身份证号码").fill(someone.number)
    page.get_by_label("姓名").fill(someone.name)
    page.get_by_label("我已阅读并同意").check()
    resident.press("保存")


@pytest.mark.javascript
def test_a_household_is_one_payment_and_who_cannot_be_paid_for_is_told(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    """The payer, a member, somebody typed; one who has paid already, one who is not enrolled."""
    resident = Resident(page, embedded_system)
    sandbox, own = resident.sandbox, resident.someone
    member, parent = sandbox.resident(), sandbox.resident()
    paid, stranger = sandbox.persona("all_paid"), sandbox.persona("not_enrolled")
    resident.log_in()
    _add_member(resident, member)
    page.goto(resident.url + "/menu")
    resident.press("一次为多人缴费")
    resident.is_at("一次为多人缴费")
    resident.press("下一步")
    expect(page.locator("#error-summary")).to_contain_text("请选择或者填写要为谁缴费")
    page.get_by_label("您本人").check()
    page.get_by_label("配偶").check()
    wrong = f"{parent.name} {parent.number[:-1]}"
    people = page.get_by_label("填写或者粘贴其他人")
    people.fill(f"{_typed(paid)}\n{wrong}\n{stranger.name}，{stranger.number.lower()}")
    resident.press("下一步")
    resident.is_told("有 1 行没有加入名单", "typed")
    resident.sees("名单里有 4 人")
    expect(people).to_have_value(re.compile(f"^{wrong}\\s*$"))
    people.fill(_typed(parent))
    resident.press("下一步")
    resident.is_at("选择险种和年度")
    resident.sees("名单里的 5 人都缴")
    expect(page.get_by_label("医疗保险").first).to_be_checked()
    resident.press("下一步")
    resident.is_at("缴费信息确认")
    resident.sees("可以缴费 3 人，合计 1200.00 元；2 人不能缴费，原因见下")
    blocked = page.get_by_role("region", name="不能缴费的 2 人")
    expect(blocked).to_contain_text(mask_number(paid.number))
    expect(blocked).to_contain_text("被缴费人已完成本年度及次年度城乡居民医疗保险的缴费")
    expect(blocked).to_contain_text("查询不到被缴费人的参保登记信息")
    for one in (own, member, parent):
        expect(page.get_by_role("region", name="可以缴费的 3 人")).to_contain_text(mask_number(one.number))
        assert sandbox.asked(one) == ASKED_ONCE

    page.goto(resident.url + "/menu")
    resident.sees("有 5 人，没有扣款")
    resident.press("继续上次缴费")
    resident.is_at("缴费信息确认")
    resident.press("下一步")
    resident.is_at("选择缴款方式")
    resident.sees("另有 2 人不能缴费，这次不为他们缴费")
    resident.sees(f"作为被缴费人{mask_name(parent.name)}")
    old = page.url
    resident.press("核实无误，确认缴费 1200.00 元")
    mer_order_id = resident.order_number()
    lines = sandbox.order_of(mer_order_id)
    assert lines["totalAmount"] == 120_000
    page.goto(old)
    expect(page).to_have_url(re.compile("/orders/"))
    page.go_back()
    resident.pay()
    resident.is_at("缴费成功")
    resident.sees("1200.00 元")
    for one in (own, member, parent):
        resident.sees(mask_number(one.number))
        told = sandbox.wait_for_sms(own, lambda text, one=one: mask_number(one.number) in text)  # type: ignore[misc]
        assert "400.00" in told
        assert sandbox.asked(one) == ASKED_ONCE
    sandbox.wait_for_sms(parent, lambda text: "400.00" in text)
    resident.sees_not(mask_number(paid.number))


def test_what_one_person_needs_is_chosen_and_a_slow_upstream_is_waited_for(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    """Pension with one tier for all; an upstream that fails for one is asked again; the payment is given up and begun
    again without typing."""
    resident = Resident(page, embedded_system)
    sandbox = resident.sandbox
    several = [sandbox.behind(3), sandbox.behind(3)]
    nobody = sandbox.resident()
    resident.log_in()
    page.goto(resident.url + "/insured")
    resident.press("一次为多人缴费")
    resident.press("用其他证件，或者填写所在地")
    resident.is_at("添加一个人")
    resident.press("返回名单")
    page.get_by_label("填写或者粘贴其他人").fill("\n".join(map(_typed, [*several, nobody])))
    resident.press("下一步")
    page.get_by_label("养老保险").check()
    slow, failing = several
    sandbox.put(f"/people/{slow.key}/settings", {"taxbank": {"latency_ms": 8000}})
    sandbox.put(f"/people/{failing.key}/settings", {"taxbank": {"error_rate": 1}})
    resident.press("下一步")
    resident.sees("已查询 2 / 3 人")
    resident.is_at("正在查询应缴费额")
    sandbox.put(f"/people/{slow.key}/settings", {"taxbank": {"latency_ms": 0}})
    resident.is_at(f"为{mask_name(slow.name)}选择")
    page.get_by_role("radio").first.check()
    resident.press("确定")
    resident.is_at("缴费信息确认")
    resident.sees("2 人不能缴费，原因见下")
    resident.sees("社保系统暂时没有响应")
    resident.sees("查询不到被缴费人的养老保险参保登记信息")
    sandbox.put(f"/people/{failing.key}/settings", {"taxbank": {"error_rate": 0}})
    resident.press("再查一次（1 人）")
    resident.is_at("缴费信息确认")
    resident.press("去选择")
    page.get_by_role("radio").nth(1).check()
    resident.press("确定")
    resident.is_at("缴费信息确认")
    resident.sees("可以缴费 2 人")
    resident.press("下一步")
    resident.press("确认缴费")
    resident.press("取消支付")
    resident.is_at("交易失败")
    resident.press("重新缴费")
    resident.is_at("一次为多人缴费")
    resident.sees("名单里有 3 人")


def _batch(client: Client, people: list[Someone], key: str, own: bool = False) -> dict[str, Any]:
    """A batch for this year's medical insurance, once everybody is asked about."""
    wanted = [{"name": one.name, "document_number": one.number, "phone": one.phone} for one in people]
    year = china(dt.datetime.now(dt.UTC)).year
    body = {"people": wanted, "own": own, "insurance_type": "medical", "year": year}
    answer = client.call("POST", "/batches", body, **{"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    refused = shown["refused"]
    while shown["status"] == "asking":
        assert answer.headers["Retry-After"]
        time.sleep(1)
        answer = client.call("GET", f"/batches/{shown['batch_id']}")
        shown = answer.json()
    return shown | {"refused": refused}


def _place(client: Client, batch: dict[str, Any]) -> requests.Response:
    return client.call(
        "POST", f"/batches/{batch['batch_id']}/order", {}, **{"Idempotency-Key": batch["idempotency_key"]}
    )


def test_a_village_of_fifty_is_one_payment(full_system: FullSystem) -> None:
    sandbox = Sandbox(full_system)
    client = Client(full_system, sandbox.resident())
    client.log_in()
    village = [sandbox.resident() for _ in range(VILLAGE + 1)]
    batch = _batch(client, village, "village-of-fifty")
    assert (batch["status"], batch["payable"], batch["amount"]) == ("ready", VILLAGE, VILLAGE * 40_000)
    (left_out,) = batch["refused"]
    assert (left_out["place"], left_out["reason"]) == (VILLAGE, "list_full")
    assert all(sandbox.asked(one) == ASKED_ONCE for one in village[:VILLAGE])
    assert village[0].number not in str(batch)
    assert _batch(client, village, "village-of-fifty")["batch_id"] == batch["batch_id"]

    stale = _place(client, batch | {"idempotency_key": "0" * 64})
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:gx-tax:stale_page")
    placed = _place(client, batch)
    assert placed.status_code == 201, placed.text
    assert _place(client, batch).json()["order_id"] == placed.json()["order_id"]
    cashier = requests.get(placed.json()["payment_url"], timeout=20).url
    requests.post(cashier + "/pay", allow_redirects=False, timeout=20)
    order = f"/orders/{placed.json()['order_id']}"
    assert wait_until(lambda: client.call("GET", order).json()["state"] == "paid", 20)
    assert len(client.call("GET", order).json()["items"]) == VILLAGE
    for one in (village[0], village[VILLAGE - 1]):
        sandbox.wait_for_sms(one, lambda text: "400.00" in text)


def test_of_two_payers_for_one_person_one_pays_and_the_other_is_told(
    embedded_system: EmbeddedSystem,
) -> None:
    sandbox = Sandbox(embedded_system)
    both = [Client(embedded_system, sandbox.resident()) for _ in range(2)]
    common = sandbox.resident()
    batches = []
    for client in both:
        client.log_in()
        batches.append(_batch(client, [common], "racing-for-one", own=True))
    answers: list[requests.Response | None] = [None, None]
    gate = threading.Barrier(2)

    def place(number: int) -> None:
        gate.wait()
        answers[number] = _place(both[number], batches[number])

    racing = [threading.Thread(target=place, args=(number,)) for number in range(2)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    statuses = [answer.status_code if answer is not None else 0 for answer in answers]
    assert sorted(statuses) == [201, 409]
    second = statuses.index(409)
    refused = answers[second]
    assert refused is not None
    assert (refused.json()["type"], refused.json()["reason"]) == (
        "urn:gx-tax:line_blocked", "live_order_exists",
    )  # fmt: skip
    assert "没有扣款" in refused.json()["title"]
    client = both[second]
    now = client.call("GET", f"/batches/{batches[second]['batch_id']}").json()
    assert [(line["status"], line["reason"]) for line in now["lines"]] == [
        ("payable", ""), ("blocked", "live_order_exists"),
    ]  # fmt: skip
    assert "order_id" not in str(now["lines"]), "whose order it is is nobody else's business"
    assert (now["amount"], _place(client, now).status_code) == (40_000, 201)
