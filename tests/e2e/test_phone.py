"""What a phone gets and what it asks: little, from nobody else, in an order a keyboard follows, not to be passed on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.browser import new_phone
from bench.cards.phone import Tier, photo
from bench.pages import FIRST_KIB, NEXT_KIB, Wire
from deploy.local.system import EmbeddedSystem
from tests.e2e.resident import Resident

FRONT = photo(2026, Tier.EASY, 0)
SHOWN_FOCUS = """() => {
    const style = getComputedStyle(document.activeElement), after = getComputedStyle(document.activeElement, "::after");
    return [style, after].some(one => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) >= 3);
}"""
NAMED = "(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()"


@pytest.fixture
def resident(page: Page, embedded_system: EmbeddedSystem) -> Resident:
    return Resident(page, embedded_system)


def test_the_first_page_is_light_and_the_next_ones_lighter(resident: Resident) -> None:
    """Only what travels is measured here; when pages can be read on a slow phone, `scripts/bench pages` tells."""
    page = resident.page
    wire = Wire(page.context.new_cdp_session(page), resident.url)
    resident.enter()
    page.wait_for_load_state("networkidle")
    assert 10 < wire.take() <= FIRST_KIB
    resident.log_in()
    wire.take()
    for press in ("自主缴费", "下一步", "下一步", "核实无误，继续缴费", "下一步"):
        resident.press(press)
        page.wait_for_load_state("networkidle")
        assert 1 < wire.take() <= NEXT_KIB


def test_a_keyboard_goes_through_the_form_as_the_eye_does(resident: Resident) -> None:
    page = resident.page
    resident.enter()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(SHOWN_FOCUS), f"{page.evaluate(NAMED)} does not show that it has the focus"
        reached.append(page.evaluate(NAMED))
    assert reached == [
        "大字版", "身份证拍摄识别", "姓名", "证件类型", "身份证号码", "手机号码",
        "我已阅读并同意《个人信息保护与授权说明》", "查看《个人信息保护与授权说明》", "短信验证码", "获取验证码",
        "没收到验证码？", "登录",
    ]  # fmt: skip
    page.keyboard.press("Enter")
    resident.is_told("请先点“获取验证码”", "code")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()


def test_in_wechat_its_own_camera_takes_the_photo_and_elsewhere_nobody_is_asked(
    resident: Resident, browser: Browser
) -> None:
    page = resident.page
    resident.enter()
    resident.press("身份证拍摄识别")
    expect(page.locator("html")).to_have_attribute("data-wechat-hidden", "menu")
    page.get_by_label("我已阅读并同意").check()
    with page.expect_file_chooser() as camera:
        page.get_by_text("拍照", exact=True).click()
    camera.value.set_files({"name": "1.jpg", "mimeType": "image/jpeg", "buffer": FRONT.jpeg})
    resident.sees("已选好：照片.jpg")
    page.wait_for_timeout(800)  # the phone makes the photo smaller
    resident.press("开始识别")
    resident.is_at("核对识别结果")
    expect(page.get_by_label("姓名")).to_have_value(FRONT.holder.name)

    elsewhere = browser.new_context()
    elsewhere.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other = elsewhere.new_page()
    other.goto(resident.url + "/cards/login")
    expect(other.get_by_label("拍人像面")).to_be_visible()
    assert other.locator("script").count() == 1
    elsewhere.close()


def test_wechats_menu_is_hidden_on_personal_pages_alone(
    browser: Browser, embedded_system: EmbeddedSystem
) -> None:
    context = new_phone(browser)
    context.add_init_script("window.WeixinJSBridge = {call: name => document.documentElement.title = name}")
    resident = Resident(context.new_page(), embedded_system)
    resident.log_in()
    html = resident.page.locator("html")
    expect(html).to_have_attribute("title", "hideOptionMenu")
    resident.page.goto(resident.url + "/check")
    expect(html).not_to_have_attribute("title", "hideOptionMenu")
    resident.page.goto(resident.url + "/account/export")  # it says how to use the menu: sharing alone goes
    expect(html).not_to_have_attribute("title", "hideOptionMenu")
    expect(html).to_have_attribute("data-wechat-hidden", "menuItem:share:appMessage menuItem:share:timeline "
        "menuItem:share:qq menuItem:share:weiboApp menuItem:share:facebook menuItem:share:QZone")  # fmt: skip
    context.close()
