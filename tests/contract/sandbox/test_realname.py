"""The directory of 移动办税 on the wire: who is registered as which WeChat user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox import wechat
from sandbox.app import create_app
from sandbox.personas import personas
from sandbox.settings import Settings
from tests.contract.sandbox.caller import Caller, world

API = "/sandbox/api/realname"
NOT_KNOWN = {"code": "1001", "message": "未查询到实名信息", "data": None}


def ask(caller: Caller, openid: Any) -> dict[str, Any]:
    answer = caller.signed_post("/realname/v1/persons", {"openid": openid}, "REALNAME")
    assert answer.status_code == 200
    return dict(answer.json or {})


def test_every_persona_is_registered_with_a_phone_of_their_own(caller: Caller) -> None:
    phones = set()
    for person in personas():
        found = ask(caller, f"oRealname-{person.persona}")
        phones.add(found["data"].pop("sjhm"))
        told = {"zjlx": "201", "zjhm": person.id_number, "xm": person.name}
        assert found == {"code": "0000", "message": "成功", "data": told}
    assert len(phones) == len(personas())
    assert all(len(phone) == 11 and phone.isdigit() for phone in phones)


def test_the_phone_is_the_one_the_readme_tells(caller: Caller) -> None:
    assert ask(caller, "oRealname-medical_only")["data"]["sjhm"] == "13900770001"
    assert ask(caller, "oRealname-medical_and_pension")["data"]["sjhm"] == "13900770002"


@pytest.mark.parametrize(
    "openid", ["", "oRealname-", "oRealname-nobody", "medical_only", "oSandboxWeiXiulan00000000001"]
)
def test_others_are_not_registered(caller: Caller, openid: str) -> None:
    assert ask(caller, openid) == NOT_KNOWN


def test_one_user_of_the_authorize_page_is_registered(caller: Caller) -> None:
    registered = {openid for openid in wechat.USERS if ask(caller, openid)["code"] == "0000"}
    assert registered == {"oRealname-id_ends_in_x"}


def test_an_entry_can_be_put_changed_and_taken_away(caller: Caller, client: FlaskClient) -> None:
    put = client.put(f"{API}/openid-1", json={"person": "flexible", "phone": "13800138000"})
    assert put.json == {"openid": "openid-1", "person": "flexible", "phone": "13800138000"}
    assert ask(caller, "openid-1")["data"]["xm"] == "陈国栋"
    client.put(f"{API}/openid-1", json={"person": "medical_only", "phone": "13900139000"})
    told = ask(caller, "openid-1")["data"]
    assert (told["xm"], told["sjhm"]) == ("韦秀兰", "13900139000")
    assert client.delete(f"{API}/openid-1").status_code == 200
    assert ask(caller, "openid-1") == NOT_KNOWN
    assert client.get(f"{API}/openid-1").status_code == 404


def test_a_fixed_entry_can_be_taken_away_until_the_reset(caller: Caller, client: FlaskClient) -> None:
    client.delete(f"{API}/oRealname-flexible")
    assert ask(caller, "oRealname-flexible") == NOT_KNOWN
    client.post("/sandbox/api/reset")
    assert ask(caller, "oRealname-flexible")["data"]["xm"] == "陈国栋"


def test_a_resident_of_the_crowd_is_registered_by_number(caller: Caller, client: FlaskClient) -> None:
    resident = world(client).population.people[-1]
    client.put(f"{API}/openid-1", json={"person": resident.djxh, "phone": "13800138000"})
    assert ask(caller, "openid-1")["data"]["zjhm"] == resident.id_number


@pytest.mark.parametrize(
    "entry",
    [{}, {"person": "nobody", "phone": "13800138000"}, {"person": "flexible", "phone": "1380013800"}, []],
)
def test_an_entry_of_nobody_is_refused(client: FlaskClient, entry: Any) -> None:
    answer = client.put(f"{API}/openid-1", json=entry)
    assert answer.status_code == 400
    assert (answer.json or {})["error"]


def test_a_wrong_signature_is_refused(caller: Caller) -> None:
    body = {"openid": "oRealname-flexible"}
    for party, key in (("REALNAME", "0" * 32), ("TAXBANK", None)):
        answer = caller.signed_post("/realname/v1/persons", body, party, key=key)
        assert answer.status_code == 401
        assert (answer.json or {})["code"] == "9001"
    assert caller.client.post("/realname/v1/persons", json=body).status_code == 401


@pytest.mark.parametrize("body", [[], {}, {"openid": 1}, "openid"])
def test_a_bad_body_is_refused(caller: Caller, body: Any) -> None:
    answer = caller.signed_post("/realname/v1/persons", body, "REALNAME")
    assert answer.status_code == 400
    assert (answer.json or {})["code"] == "1002"


def test_the_directory_misbehaves_on_request(caller: Caller, client: FlaskClient) -> None:
    client.put("/sandbox/api/settings", json={"realname": {"error_rate": 1.0}})
    answer = caller.signed_post("/realname/v1/persons", {"openid": "oRealname-flexible"}, "REALNAME")
    assert answer.status_code == 503
    counted = client.get("/sandbox/api/counters?person=flexible").json
    assert counted == {"realname.persons": 1}


def test_the_store_holds_no_number_and_no_name(settings: Settings) -> None:
    app = create_app(settings)
    with app.test_client() as client:
        client.put(f"{API}/openid-1", json={"person": "flexible", "phone": "13800138000"})
        Caller(client, settings).signed_post("/realname/v1/persons", {"openid": "openid-1"}, "REALNAME")
        world(client).store.close()
    stored = b"".join(path.read_bytes() for path in Path(settings.database).parent.glob("sandbox.sqlite3*"))
    assert b"openid-1" in stored
    for person in personas():
        assert person.id_number.encode() not in stored
        assert person.name.encode() not in stored
