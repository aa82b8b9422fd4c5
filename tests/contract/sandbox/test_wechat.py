"""WeChat's web authorisation as its documentation describes it (protocols section 5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.settings import DEMO_CREDENTIALS
from sandbox.wechat import SNAPSHOT_OPENID
from tests.contract.sandbox.caller import world

APP = {"appid": DEMO_CREDENTIALS["WECHAT_APPID"], "secret": DEMO_CREDENTIALS["WECHAT_SECRET"]}
ASKED = {
    "appid": APP["appid"],
    "redirect_uri": "http://127.0.0.1:8000/wechat/callback?next=menu",
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "s-1",
}


def code_for(client: FlaskClient, openid: str) -> str:
    return code_from(client.get("/connect/oauth2/authorize", query_string={**ASKED, "as": openid}))


def code_from(answer: TestResponse) -> str:
    """The code with which WeChat sends a browser back."""
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.location).query)
    assert query["state"] == ["s-1"]
    assert query["next"] == ["menu"]
    return query["code"][0]


def token(client: FlaskClient, **changed: str) -> dict[str, Any]:
    asked = APP | {"grant_type": "authorization_code"} | changed
    return dict(client.get("/sns/oauth2/access_token", query_string=asked).json or {})


def test_the_page_offers_named_users_and_keeps_the_request(client: FlaskClient) -> None:
    page = client.get("/connect/oauth2/authorize", query_string=ASKED).text
    assert "韦秀兰的手机" in page
    assert "快照页访客" in page
    assert 'name="state" value="s-1"' in page


def test_a_code_gives_the_openid_once(client: FlaskClient) -> None:
    code = code_for(client, "oTester")
    answer = token(client, code=code)
    assert answer["openid"] == "oTester"
    assert answer["expires_in"] == 7200
    assert answer["access_token"]
    assert answer["refresh_token"]
    assert "is_snapshotuser" not in answer
    assert token(client, code=code)["errcode"] == 40163


def test_the_snapshot_visitor_is_marked(client: FlaskClient) -> None:
    assert token(client, code=code_for(client, SNAPSHOT_OPENID))["is_snapshotuser"] == 1


def test_the_setting_answers_for_the_user(client: FlaskClient) -> None:
    client.put("/sandbox/api/settings", json={"wechat_auto": "oAuto"})
    answer = client.get("/connect/oauth2/authorize", query_string=ASKED)
    code = parse_qs(urlsplit(answer.location).query)["code"][0]
    assert token(client, code=code)["openid"] == "oAuto"


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"code": "0" * 32}, 40029),
        ({"code": ""}, 40029),
        ({"secret": "wrong"}, 40125),
        ({"appid": "wx0"}, 40013),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_errors(client: FlaskClient, changed: dict[str, str], errcode: int) -> None:
    asked = {"code": code_for(client, "oTester")} | changed
    assert token(client, **asked)["errcode"] == errcode


def test_a_wrong_secret_does_not_use_up_the_code(client: FlaskClient) -> None:
    code = code_for(client, "oTester")
    token(client, code=code, secret="wrong")
    assert token(client, code=code)["openid"] == "oTester"


def test_an_old_code_is_expired(client: FlaskClient) -> None:
    code = code_for(client, "oTester")
    with world(client).store.transaction() as connection:
        connection.execute("UPDATE oauth_codes SET expires_at = 0")
    assert token(client, code=code)["errcode"] == 42003


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wx0"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"scope": "all"},
    ],
)
def test_a_bad_authorise_request_is_not_redirected(client: FlaskClient, changed: dict[str, str]) -> None:
    answer = client.get("/connect/oauth2/authorize", query_string={**ASKED, "as": "oTester"} | changed)
    assert answer.status_code == 400


def test_account_token_and_ticket(client: FlaskClient) -> None:
    asked = APP | {"grant_type": "client_credential"}
    account = client.get("/cgi-bin/token", query_string=asked).json
    assert account is not None
    ticket = client.get("/cgi-bin/ticket/getticket", query_string=account | {"type": "jsapi"}).json
    assert ticket is not None
    assert (ticket["errcode"], ticket["expires_in"]) == (0, 7200)
    refused = client.get("/cgi-bin/ticket/getticket", query_string={"access_token": "x"}).json
    assert (refused or {})["errcode"] == 40001
    expired = client.get("/cgi-bin/ticket/getticket", query_string={"access_token": "1_x"}).json
    assert (expired or {})["errcode"] == 42001
