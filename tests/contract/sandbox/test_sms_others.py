"""Aliyun and a generic gateway as they are described (protocols section 6), and the carrier's reports of all three."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient

from kit.clock import china
from sandbox import aliyun
from tests.contract.sandbox.caller import Caller, world
from tests.contract.sandbox.test_sms import PHONE, inbox, message, pull
from tests.unit.notify.test_aliyun import PUBLISHED


def test_the_published_example_is_signed_as_published() -> None:
    assert aliyun.signature("GET", PUBLISHED, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def ask_aliyun(caller: Caller, action: str, secret: str = "", **wanted: str) -> dict[str, Any]:
    parameters = {
        "Action": action, "Version": "2017-05-25", "RegionId": "cn-hangzhou", "Format": "JSON",
        "AccessKeyId": caller.settings["ALIYUN_ACCESS_KEY_ID"], "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0", "SignatureNonce": str(uuid.uuid4()),
        "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **wanted,
    }  # fmt: skip
    secret = secret or caller.settings["ALIYUN_ACCESS_KEY_SECRET"]
    parameters["Signature"] = aliyun.signature("POST", parameters, secret)
    return dict(caller.client.post("/aliyun/", data=parameters).json or {})


def send(caller: Caller, **changed: str) -> dict[str, Any]:
    wanted = {
        "PhoneNumbers": PHONE, "SignName": "广西税务", "TemplateCode": "SMS_1001", "OutId": "m-1",
        "TemplateParam": json.dumps({"code": "123456", "minutes": "5"}),
    }  # fmt: skip
    return ask_aliyun(caller, "SendSms", **{**wanted, **changed})


def query(caller: Caller, **changed: str) -> dict[str, Any]:
    today = f"{china(datetime.now(UTC)):%Y%m%d}"
    wanted = {"PhoneNumber": PHONE, "SendDate": today, "PageSize": "10", "CurrentPage": "1"}
    return ask_aliyun(caller, "QuerySendDetails", **{**wanted, **changed})


@pytest.fixture
def numbered(caller: Caller) -> Caller:
    """A sandbox whose templates Aliyun approved as well."""
    path = caller.settings.sms_templates
    data = json.loads(path.read_text())
    data["templates"][0]["aliyun_id"] = "SMS_1001"
    path.write_text(json.dumps(data, ensure_ascii=False))
    return caller


def test_a_message_by_aliyun_is_rendered_and_lands_in_the_inbox(
    numbered: Caller, client: FlaskClient
) -> None:
    answer = send(numbered)
    assert answer["Code"] == "OK"
    (got,) = inbox(client)
    assert (got["text"], got["provider"]) == ("【广西税务】验证码123456，5分钟内有效。", "aliyun")
    assert got["serial_no"] == answer["BizId"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PhoneNumbers": "12345"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"SignName": "别人"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateCode": "SMS_9"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": "no json"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"AccessKeyId": "x"}, "InvalidAccessKeyId.NotFound"),
        ({"Timestamp": "2017-07-12T02:42:19Z"}, "InvalidTimeStamp.Expired"),
        ({"Timestamp": "yesterday"}, "InvalidTimeStamp.Format"),
        ({"Version": "2016-01-01"}, "InvalidAction.NotFound"),
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
    ],
)
def test_aliyun_refuses_with_its_own_words(numbered: Caller, changed: dict[str, str], code: str) -> None:
    assert send(numbered, **changed)["Code"] == code
    assert inbox(numbered.client) == []


def test_aliyun_tells_what_a_phone_was_sent(numbered: Caller) -> None:
    numbered.client.put("/sandbox/api/settings", json={"receipts": {"delay_seconds": [0.2, 0.2]}})
    send(numbered)
    ((row,)) = query(numbered)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (row["OutId"], row["SendStatus"]) == ("m-1", 1)
    time.sleep(0.25)
    ((row,)) = query(numbered)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (row["SendStatus"], row["ErrCode"]) == (3, "DELIVERED")
    assert query(numbered, SendDate="20200101")["TotalCount"] == 0
    assert query(numbered, PageSize="51")["Code"] == "isv.INVALID_PARAMETERS"


def ask_gateway(caller: Caller, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    raw = json.dumps(body, ensure_ascii=False).encode()
    digest = hmac.new((key or caller.settings["SMS_GATEWAY_KEY"]).encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-User": caller.settings["SMS_GATEWAY_USER"], "X-Digest": digest}
    return dict(caller.client.post(f"/gateway/sms/{path}", data=raw, headers=headers).json or {})


def test_the_gateway_takes_whole_texts(caller: Caller, client: FlaskClient) -> None:
    text = "【广西税务】您好。"
    taken = ask_gateway(caller, "send", {"mobile": PHONE, "content": text, "msgid": "m-1"})
    assert (taken["code"], taken["segments"]) == ("0", 1)
    assert inbox(client)[0]["text"] == text
    found = ask_gateway(caller, "query", {"msgid": "m-1"})
    assert (found["taskid"], found["status"]) == (taken["taskid"], "DELIVRD")
    assert ask_gateway(caller, "query", {"msgid": "m-2"}) == {"code": "0"}


@pytest.mark.parametrize(
    ("body", "key", "code"),
    [({"mobile": "1", "content": "【广西税务】x"}, "", "11"), ({"mobile": PHONE, "content": "x"}, "", "12"),
     ({"mobile": PHONE, "content": "【广西税务】x"}, "wrong", "32")],
)  # fmt: skip
def test_the_gateway_refuses(caller: Caller, body: dict[str, Any], key: str, code: str) -> None:
    assert ask_gateway(caller, "send", body, key)["code"] == code


class Received:
    """Who takes receipts: answers the n-th push with the n-th answer, then as the provider wants."""

    def __init__(self) -> None:
        self.pushes: list[tuple[str, list[dict[str, Any]]]] = []
        self.answers: list[bytes] = []


@pytest.fixture
def received(caller: Caller) -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.pushes.append((self.path, body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(
                received.answers.pop(0) if received.answers else b'{"result":0,"errmsg":"OK","code":0}'
            )

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    faults(caller, url=f"http://127.0.0.1:{server.server_port}/receipts/{{provider}}/token")
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def faults(caller: Caller, **receipts: Any) -> None:
    answer = caller.client.put("/sandbox/api/settings", json={"receipts": receipts})
    assert answer.status_code == 200, answer.text


def push(caller: Caller) -> int:
    return world(caller.client).courier.run_due()


def test_each_provider_reports_in_its_own_format(numbered: Caller, received: Received) -> None:
    numbered.tencent("SendSms", message())
    send(numbered)
    ask_gateway(numbered, "send", {"mobile": PHONE, "content": "【广西税务】您好。", "msgid": "m-3"})
    assert push(numbered) == 3
    told = dict(received.pushes)
    ((tencent,), (by_aliyun,), (gateway,)) = (
        told[f"/receipts/{name}/token"] for name in ("tencent", "aliyun", "gateway")
    )
    assert set(tencent) == {
        "user_receive_time", "nationcode", "mobile", "report_status", "errmsg", "description", "sid"
    }  # fmt: skip
    assert set(by_aliyun) == {
        "phone_number", "send_time", "report_time", "success", "err_code", "err_msg", "sms_size", "biz_id", "out_id",
    }  # fmt: skip
    serials = {one["serial_no"] for one in inbox(numbered.client)}
    assert {tencent["sid"], by_aliyun["biz_id"], gateway["taskid"]} == serials
    assert push(numbered) == 0


def test_a_report_comes_again_until_the_right_answer(caller: Caller, received: Received) -> None:
    faults(caller, retry_schedule=[0.0, 0.0])
    received.answers = [b"OK", b'{"result":1}']
    caller.tencent("SendSms", message())
    assert [push(caller) for _ in range(4)] == [1, 1, 1, 0]


def test_reports_are_late_lost_doubled_or_bad_as_wanted(caller: Caller, received: Received) -> None:
    faults(caller, delay_seconds=[0.1, 0.1], fail_rate=1.0, duplicate_rate=1.0)
    caller.tencent("SendSms", message())
    assert push(caller) == 0
    assert pull(caller)["PullSmsSendStatusSet"][0]["ReportStatus"] == ""
    time.sleep(0.12)
    assert push(caller) == 1
    faults(caller, duplicate_rate=0.0)
    time.sleep(0.22)
    assert [push(caller), push(caller)] == [1, 0]
    assert {body[0]["report_status"] for _, body in received.pushes} == {"FAIL"}
    assert pull(caller)["PullSmsSendStatusSet"][0]["ReportStatus"] == "FAIL"
    faults(caller, lost_rate=1.0, delay_seconds=[0, 0])
    caller.tencent("SendSms", message())
    assert push(caller) == 0


def test_wechat_takes_a_subscribe_message_unless_it_is_refused(caller: Caller, client: FlaskClient) -> None:
    asked = {
        "grant_type": "client_credential", "appid": caller.settings["WECHAT_APPID"],
        "secret": caller.settings["WECHAT_SECRET"],
    }  # fmt: skip
    token = (client.get("/cgi-bin/token", query_string=asked).json or {})["access_token"]
    body = {"touser": "oA", "template_id": "t", "data": {"thing1": {"value": "医疗保险"}}}

    def tell(body: dict[str, Any], token: str = token) -> int:
        path = "/cgi-bin/message/subscribe/bizsend"
        return int((client.post(path, query_string={"access_token": token}, json=body).json or {})["errcode"])

    assert tell(body) == 0
    assert tell(body | {"data": {"thing1": {"value": "长" * 21}}}) == 47003
    assert tell(body | {"touser": ""}) == 40003
    assert tell(body, "x") == 40001
    client.put("/sandbox/api/settings", json={"wechat_refuses": "oA"})
    assert tell(body) == 43101
    assert len((client.get("/sandbox/api/wechat-messages?openid=oA").json or {})["messages"]) == 1
