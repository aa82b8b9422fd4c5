"""家庭成员 (3.2.1.14): added once with a guardian's consent and a place, changed, removed; nobody else's business."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem
from kit.masking import mask_name, mask_number
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox, Someone

GUARDIAN = "《未满14周岁未成年人监护人同意书》"
PLACE = (("市", "南宁市"), ("县（市、区）", "青秀区"), ("乡镇（街道）", "建政街道"))


@pytest.mark.javascript
def test_a_child_is_added_with_a_place_and_consent_then_changed_and_removed(
    page: Page, embedded_system: EmbeddedSystem
) -> None:
    resident = Resident(page, embedded_system)
    child = resident.sandbox.persona("under_14")
    resident.log_in()
    resident.press("家庭成员")
    resident.is_at("家庭成员")
    resident.sees("还没有添加家庭成员")
    resident.press("添加家庭成员")
    resident.is_at("添加家庭成员")
    resident.press("保存")
    for message, field in (
        ("请选择与本人关系。", "kinship"), ("请输入身份证号码。", "document_number"), ("请输入姓名。", "name"),
    ):  # fmt: skip
        resident.is_told(message, field)

    _fill_in(resident, child)
    _choose_place(resident)
    expect(page.get_by_label("身份证号码")).to_have_value(child.number)
    resident.press("保存")
    resident.is_told("《家庭成员信息授权说明》", "consent")
    page.get_by_label("我已阅读并同意《家庭成员信息授权说明》").check()
    resident.press("保存")
    resident.is_told(GUARDIAN, "guardian_consent")
    resident.is_at("添加家庭成员")
    for label, value in (("姓名", child.name), ("身份证号码", child.number), ("手机号码", child.phone)):
        expect(page.get_by_label(label)).to_have_value(value)
    expect(page.get_by_label("我已阅读并同意《家庭成员信息授权说明》")).to_be_checked()
    page.get_by_text(f"查看{GUARDIAN}").click()
    resident.sees("我是该未成年人的父母或者其他监护人")
    page.get_by_label(f"我已阅读并同意{GUARDIAN}").check()
    resident.press("保存")
    resident.is_at("家庭成员")
    resident.sees("家庭成员已保存")
    resident.sees("南宁市青秀区建政街道那坡屯")
    _shows_masked(resident, child)

    resident.press("修改")
    resident.is_at("修改家庭成员")
    _shows_masked(resident, child)
    expect(page.get_by_label("姓名")).to_have_value("")
    expect(page.get_by_label("乡镇（街道）")).to_have_value("450103003")
    page.get_by_label("与本人关系").select_option("孙子女、外孙子女")
    page.get_by_label("不再保存手机号码").check()
    resident.press("保存")
    resident.is_at("家庭成员")
    resident.sees("孙子女、外孙子女")
    resident.sees(mask_number(child.number))
    resident.sees_not("手机号码")

    resident.press("删除")
    resident.is_at("删除家庭成员")
    resident.press("返回")
    resident.press("删除")
    resident.press("确认删除")
    resident.is_at("家庭成员")
    resident.sees("家庭成员已删除")
    resident.sees("还没有添加家庭成员")


def _fill_in(resident: Resident, child: Someone) -> None:
    page = resident.page
    page.get_by_label("与本人关系").select_option("子女")
    page.get_by_label("身份证号码").fill(child.number)
    page.get_by_label("姓名").fill(child.name)
    page.get_by_label("手机号码").fill(child.phone)


def _choose_place(resident: Resident) -> None:
    """Down to a village that is in no list."""
    for label, name in PLACE:
        resident.page.get_by_label(label, exact=True).select_option(name)
        if not resident.has_javascript:
            resident.press("下一级")
    resident.page.get_by_label("村屯（社区）名称").fill("那坡屯")


def _shows_masked(resident: Resident, someone: Someone) -> None:
    resident.sees(mask_number(someone.number))
    resident.sees(mask_name(someone.name))
    for whole in (someone.number, someone.name, someone.phone):
        assert whole not in resident.page.content()


def test_a_household_through_json(embedded_system: EmbeddedSystem) -> None:
    sandbox = Sandbox(embedded_system)
    client, stranger = (Client(embedded_system, sandbox.resident()) for _ in range(2))
    client.log_in()
    stranger.log_in()
    child = sandbox.persona("under_14")
    empty = client.call("GET", "/household").json()
    assert empty["members"] == []
    (city, *_) = client.call("GET", "/divisions?parent=45").json()["divisions"]
    (county, *_) = client.call("GET", f"/divisions?parent={city['code']}").json()["divisions"]
    wanted = {
        "name": child.name, "document_number": child.number.lower(), "kinship": "child", "phone": child.phone,
        "consent_version": empty["consent_version"], "place": {"city": city, "county": county},
    }  # fmt: skip
    refused = client.call("POST", "/household", wanted)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:gx-tax:consent_missing")
    assert refused.json()["field"] == "guardian_consent"
    guardian = {"guardian_consent_version": empty["guardian_consent_version"]}
    member = client.call("POST", "/household", wanted | guardian)
    assert member.status_code == 201, member.text
    assert member.json()["minor"]
    assert member.json()["place"]["county"]["name"] == county["name"]
    again = client.call("POST", "/household", wanted | guardian)
    assert (again.status_code, again.json()["type"]) == (409, "urn:gx-tax:member_exists")

    address = f"/household/{member.json()['member_id']}"
    changed = client.call("PUT", address, {"kinship": "grandchild", "document_type": "201"})
    assert changed.status_code == 200, changed.text
    assert changed.json() == client.call("GET", address).json()
    assert (changed.json()["kinship"], changed.json()["place"]) == ("grandchild", None)
    assert changed.json()["phone"] == re.sub(r"(?<=^.{3}).{4}", "****", child.phone)
    for whole in (child.number, child.name, child.phone):
        assert whole not in changed.text
    for method, body in (
        ("GET", None),
        ("PUT", {"kinship": "child", "document_type": "201"}),
        ("DELETE", None),
    ):
        refused = stranger.call(method, address, body)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:gx-tax:member_not_found")
    assert client.call("DELETE", address).status_code == 204
    assert client.call("GET", address).status_code == 404
    assert client.call("GET", "/household").json()["members"] == []
