"""Login (3.2.1.2): the three cases; wrong input is named beside its field, right input is kept."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.local.system import EmbeddedSystem
from kit.masking import mask_name, mask_number, mask_phone
from tests.e2e.resident import Resident

MINUTE = 60


@pytest.fixture
def resident(page: Page, embedded_system: EmbeddedSystem) -> Resident:
    return Resident(page, embedded_system)


@pytest.mark.javascript
def test_a_bad_id_number_is_said_beside_its_field_and_all_input_is_kept(resident: Resident) -> None:
    wrong = resident.someone.number[:-1] + ("0" if resident.someone.number[-1] != "0" else "1")
    resident.enter()
    resident.fill_in(number=wrong)
    resident.ask_for_code()
    resident.is_told("身份证号码有误，请对照身份证核对后重新输入正确的身份证号码。", "document_number")
    page = resident.page
    expect(page.get_by_label("姓名")).to_have_value(resident.someone.name)
    expect(page.get_by_label("身份证号码")).to_have_value(wrong)
    expect(page.get_by_label("手机号码")).to_have_value(resident.someone.phone)
    expect(page.get_by_label("我已阅读并同意")).to_be_checked()


def test_bad_names_and_phones_are_said_beside_their_fields(resident: Resident) -> None:
    resident.enter()
    resident.fill_in(name="1")
    resident.ask_for_code()
    resident.is_told("请输入正确的姓名", "name")
    resident.fill_in(phone="12345")
    resident.press("获取验证码")
    resident.is_told("手机号码有误，请输入11位手机号码。", "phone")


def test_no_code_is_sent_without_consent(resident: Resident) -> None:
    resident.enter()
    resident.fill_in()
    resident.press("获取验证码")
    resident.is_told("请先阅读并勾选同意", "consent")
    assert resident.sandbox.sms(resident.someone) == []


def test_login_without_a_code_says_how_to_get_one(resident: Resident) -> None:
    resident.enter()
    resident.fill_in()
    resident.press("登录")
    resident.is_told("请先点“获取验证码”", "code")


@pytest.mark.javascript
def test_a_wrong_code_may_be_tried_again(resident: Resident) -> None:
    resident.enter()
    resident.fill_in()
    resident.ask_for_code()
    resident.sees("验证码已发送到")
    right = resident.sandbox.code_for(resident.someone)
    resident.page.get_by_label("短信验证码").fill(f"{(int(right) + 1) % 1_000_000:06d}")
    resident.press("登录")
    resident.is_told("验证码不正确，请核对短信后重新输入。还可以再试4次。", "code")
    resident.is_at("用户认证")
    resident.page.get_by_label("短信验证码").fill(right)
    resident.press("登录")
    expect(resident.page).to_have_url(re.compile("/menu$"))


def test_an_expired_code_asks_for_a_new_one(resident: Resident, embedded_system: EmbeddedSystem) -> None:
    resident.enter()
    resident.fill_in()
    resident.ask_for_code()
    resident.sees("验证码已发送到")
    code = resident.sandbox.code_for(resident.someone)
    try:
        embedded_system.set_clock(6 * MINUTE)
        resident.page.get_by_label("短信验证码").fill(code)
        resident.press("登录")
        resident.is_told("验证码已失效，请重新获取验证码。", "code")
    finally:
        embedded_system.set_clock(0)


@pytest.mark.javascript
def test_codes_cannot_be_asked_for_without_pause(resident: Resident) -> None:
    resident.enter()
    resident.fill_in()
    resident.ask_for_code()
    resident.sees("秒后可以重新获取")
    if resident.has_javascript:
        expect(resident.page.locator("#send-code")).to_be_disabled()
        return
    resident.press("重新获取")
    expect(resident.page.locator("#error-summary")).to_contain_text(re.compile("请.*后再"))


@pytest.mark.javascript
def test_another_document_has_another_number(resident: Resident) -> None:
    resident.enter()
    page = resident.page
    page.get_by_label("姓名").fill("玛丽亚·约翰逊")
    page.get_by_label("证件类型").select_option(label="护照")
    if not resident.has_javascript:
        resident.press("换好证件类型，继续填写")
    expect(page.get_by_label("姓名")).to_have_value("玛丽亚·约翰逊")
    page.get_by_label("护照号码").fill("1")
    page.get_by_label("手机号码").fill(resident.someone.phone)
    resident.ask_for_code()
    resident.is_told("证件号码有误，请对照证件核对证件类型和号码后重新输入。", "document_number")
    resident.is_at("用户认证")
    serial = resident.someone.phone[-8:]
    page.get_by_label("护照号码").fill(f"ｅ{serial} ")
    resident.press("获取验证码")
    resident.type_code()
    resident.is_at("玛******，您好")
    resident.press("我的")
    resident.sees("护照")
    resident.sees_not(serial)


@pytest.mark.javascript
def test_after_29_minutes_nothing_is_asked_and_after_31_a_code(
    resident: Resident, embedded_system: EmbeddedSystem
) -> None:
    """3.2.1.2 case 2: the half hour counts from the last login with a code, whatever was done since."""
    someone, page = resident.someone, resident.page
    resident.log_in()
    try:
        embedded_system.set_clock(29 * MINUTE)
        resident.come_back()
        resident.is_at(f"{mask_name(someone.name)}，您好")
        embedded_system.set_clock(31 * MINUTE)
        resident.reload()  # a page within the app goes on
        resident.is_at(f"{mask_name(someone.name)}，您好")
        resident.enter()  # the menu of the official account does not
        resident.is_at("短信验证码登录")
        for shown in (mask_name(someone.name), mask_number(someone.number), mask_phone(someone.phone)):
            resident.sees(shown)
        for hidden in (someone.name, someone.number, someone.phone):
            assert hidden not in page.content()
        expect(page.get_by_label("我已阅读并同意")).to_have_count(0)
        resident.press("登录")
        resident.is_told("请先点“获取验证码”", "code")
        resident.log_in_again()
        resident.is_at(f"{mask_name(someone.name)}，您好")
        resident.enter()
        expect(page).to_have_url(re.compile("/menu$"))
    finally:
        embedded_system.set_clock(0)


@pytest.mark.javascript
def test_who_is_registered_with_the_tax_office_types_the_code_alone(resident: Resident) -> None:
    """3.2.1.2 case 3: 移动办税实名库 knows the WeChat user; we have never seen the person."""
    someone = resident.someone
    resident.sandbox.put(f"/realname/{someone.openid}", {"person": someone.key, "phone": someone.phone})
    resident.enter()
    resident.is_at("短信验证码登录")
    for shown in (mask_name(someone.name), mask_number(someone.number), mask_phone(someone.phone)):
        resident.sees(shown)
    resident.press("获取验证码")
    resident.is_told("请先阅读并勾选同意", "consent")
    resident.ask_for_code()
    resident.type_code()
    resident.is_at(f"{mask_name(someone.name)}，您好")
    resident.come_back()
    resident.is_at(f"{mask_name(someone.name)}，您好")


def test_who_is_not_the_person_of_last_time_types_everything(
    resident: Resident, embedded_system: EmbeddedSystem
) -> None:
    """【重新认证】: two persons on one phone; the menu knows the last one."""
    resident.log_in()
    first, second = resident.someone, resident.sandbox.resident()
    resident.press("退出登录")
    resident.someone = replace(second, openid=first.openid)
    resident.come_back()
    resident.sees(mask_name(first.name))  # however soon: who logged out is asked for a code
    resident.press("重新认证")
    resident.is_at("用户认证")
    resident.fill_in()
    resident.ask_for_code()
    resident.type_code()
    resident.is_at(f"{mask_name(second.name)}，您好")
    resident.come_back()
    resident.is_at(f"{mask_name(second.name)}，您好")


def test_after_half_an_hour_of_rest_one_logs_in_again_and_comes_back(
    resident: Resident, embedded_system: EmbeddedSystem
) -> None:
    resident.log_in()
    resident.press("自主缴费")
    resident.press("下一步")
    before = resident.page.url
    try:
        embedded_system.set_clock(31 * MINUTE)
        resident.page.goto(before)
        resident.page.goto(f"{resident.page.url.partition('#')[0]}&as={resident.someone.openid}")
        resident.sees("您长时间没有操作，为保护您的信息已自动退出，请重新登录。")
        resident.log_in_again()
        resident.is_at("缴费信息选择")
        assert resident.page.url == before
        assert resident.sandbox.asked_for_enrolment(resident.someone) == 1
    finally:
        embedded_system.set_clock(0)


def test_logging_out_kills_the_session(resident: Resident) -> None:
    resident.log_in()
    cookie = _session_cookie(resident)
    resident.press("退出登录")
    answer = requests.get(
        resident.url + "/menu", cookies={"session": cookie}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/?next=")


def test_login_gives_a_new_token_and_kills_the_old_one(resident: Resident) -> None:
    resident.enter()
    before = _session_cookie(resident)
    resident.log_in()
    assert _session_cookie(resident) != before
    answer = requests.get(
        resident.url + "/login", cookies={"session": before}, allow_redirects=False, timeout=10
    )
    assert answer.headers["Location"].startswith("/?next=")


def test_a_snapshot_visitor_does_not_get_in(resident: Resident) -> None:
    resident.page.goto(resident.url + "/")
    resident.page.goto(f"{resident.page.url.partition('#')[0]}&as=oSnapshotVisitor000000000000")
    resident.is_at("请使用完整服务")
    resident.sees("使用完整服务")


def test_a_forged_or_repeated_return_from_wechat_does_not_get_in(resident: Resident) -> None:
    resident.page.goto(resident.url + "/wechat/callback?code=stolen&state=0000")
    resident.is_at("请重新进入")
    resident.press("重新进入")
    expect(resident.page).to_have_url(re.compile("/connect/oauth2/authorize"))


def _session_cookie(resident: Resident) -> str:
    found = [cookie for cookie in resident.page.context.cookies() if cookie["name"] == "session"]
    assert found[0]["httpOnly"]
    assert found[0]["sameSite"] == "Lax"
    return str(found[0]["value"])
