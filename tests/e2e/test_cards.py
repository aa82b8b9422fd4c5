"""拍摄识别 (3.2.1.3, 3.2.1.15(三)): from the photo to the filled form, and over HTTP for other programs."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from bench.cards.phone import Photo, Tier, photo
from contract.rights import CONSENT_VERSIONS, ConsentKind
from deploy.local.system import EmbeddedSystem, FullSystem
from tests.e2e.client import Client
from tests.e2e.resident import Resident
from tests.e2e.sandbox import Sandbox

AGREED = {"consent_version": CONSENT_VERSIONS[ConsentKind.CARD_PHOTO]}
FRONT, BACK = photo(2026, Tier.EASY, 0), photo(2026, Tier.EASY, 3)


@pytest.fixture
def resident(page: Page, embedded_system: EmbeddedSystem) -> Resident:
    return Resident(page, embedded_system)


def _photograph(resident: Resident, card: Photo) -> None:
    resident.page.get_by_label("我已阅读并同意").check()
    file = {"name": "card.jpg", "mimeType": "image/jpeg", "buffer": card.jpeg}
    resident.page.get_by_label("拍人像面").set_input_files(file)  # type: ignore[arg-type]
    if resident.has_javascript:
        resident.page.wait_for_timeout(800)  # the phone makes the photo smaller
    resident.press("开始识别")


@pytest.mark.javascript
def test_a_visitor_photographs_the_card_instead_of_typing(resident: Resident, tmp_path: Path) -> None:
    resident.enter()
    resident.press("身份证拍摄识别")
    resident.is_at("身份证拍摄识别")
    resident.press("开始识别")
    resident.is_told("请先阅读并勾选同意", "consent")
    resident.page.get_by_label("我已阅读并同意").check()
    resident.press("开始识别")
    resident.is_told("请先拍照", "image")
    _photograph(resident, BACK)
    resident.is_at("核对识别结果")
    resident.sees("请翻过来再拍")
    resident.press("重新拍")
    _photograph(resident, FRONT)
    resident.is_at("核对识别结果")
    name, number = resident.page.get_by_label("姓名"), resident.page.get_by_label("身份证号码")
    assert (name.input_value(), number.input_value()) == (FRONT.holder.name, FRONT.holder.number)
    name.fill("改过的名字")
    resident.press("核对无误，填到表里")
    resident.is_at("用户认证")
    assert resident.page.get_by_label("姓名").input_value() == "改过的名字"
    assert resident.page.get_by_label("身份证号码").input_value() == FRONT.holder.number


def test_a_photo_fills_the_forms_about_others(page: Page, embedded_system: EmbeddedSystem) -> None:
    resident = Resident(page, embedded_system)
    resident.log_in()
    for path, heading in (("/cards/insured", "代他人缴费"), ("/cards/household", "添加家庭成员")):
        page.goto(resident.url + path)
        _photograph(resident, FRONT)
        resident.press("核对无误，填到表里")
        resident.is_at(heading)
        assert page.get_by_label("姓名").input_value() == FRONT.holder.name
    page.goto(resident.url + "/account/consents")
    resident.sees("《身份证照片授权说明》")


def test_programs_send_json_or_a_form_and_ask_now_or_later(embedded_system: EmbeddedSystem) -> None:
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    opened = client.enter()
    image = base64.b64encode(FRONT.jpeg).decode()
    assert client.call("POST", "/ocr/idcard", {"image": image}).json()["type"].endswith("consent_missing")
    read = client.call("POST", "/ocr/idcard", {"image": image, "side": "FRONT"} | AGREED)
    assert read.status_code == 200, read.text
    items = {item["item"]: item["text"] for item in read.json()["items"]}
    assert (items["name"], items["number"]) == (FRONT.holder.name, FRONT.holder.number)
    assert read.json()["number_valid"] is True
    bearer = {"Authorization": f"Bearer {client.token}"}
    begun = requests.post(
        f"{client.api}/ocr/idcard/readings", data=AGREED, files={"image": ("c.jpg", BACK.jpeg)},
        headers=bearer, timeout=20,
    )  # fmt: skip
    assert begun.status_code == 202
    assert begun.headers["Retry-After"] == "1"
    state = begun.json()
    while state["state"] == "reading":
        time.sleep(state["retry_after"])
        state = client.call("GET", f"/ocr/idcard/readings/{state['reading_id']}").json()
    assert {item["item"]: item["text"] for item in state["card"]["items"]} == {
        "authority": BACK.holder.authority,
        "period": BACK.holder.validity,
    }
    stranger = Client(embedded_system, Sandbox(embedded_system).resident())
    stranger.enter()
    assert stranger.call("GET", f"/ocr/idcard/readings/{state['reading_id']}").status_code == 404
    someone = client.someone
    who = {"name": someone.name, "document_number": someone.number, "phone": someone.phone}
    client.log_in_as(who, {"consent_version": opened["consent_version"]})
    given = client.call("GET", "/account/consents").json()["consents"]
    assert {one["kind"] for one in given} == {"privacy", "card_photo"}


def test_a_photo_is_nowhere_after_it_was_read(full_system: FullSystem) -> None:
    """Not on a disk, in a queue or a log, neither as it came nor in base64; what was read is nowhere in plain."""
    client = Client(full_system, Sandbox(full_system).resident())
    client.enter()
    before = _bytes_of_queues(full_system)
    read = client.call("POST", "/ocr/idcard", {"image": base64.b64encode(FRONT.jpeg).decode()} | AGREED)
    assert read.status_code == 200, read.text
    middle = len(FRONT.jpeg) // 2
    needles = [FRONT.jpeg[middle : middle + 48], base64.b64encode(FRONT.jpeg[middle - middle % 3 :][:48])]
    needles += [FRONT.holder.number.encode(), FRONT.holder.name.encode()]
    found = [
        path for path in _files(full_system.settings.state) if any(n in path.read_bytes() for n in needles)
    ]
    assert found == []
    assert _bytes_of_queues(full_system) == before == 0


def _files(folder: Path) -> list[Path]:
    """Everything that the databases, the broker and the services wrote."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 1 << 28]


def _bytes_of_queues(system: FullSystem) -> int:
    """Bytes of messages that the broker keeps in any queue of ocr's."""
    listed = system.rabbitmq.control("list_queues", "-p", "contribution", "name", "message_bytes_persistent")
    rows = [line.split() for line in listed.splitlines()]
    return sum(int(row[1]) for row in rows if row and "ocr" in row[0] and row[-1].isdigit())
