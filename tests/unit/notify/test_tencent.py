"""Tencent's signature and what its answers mean."""

from __future__ import annotations

import datetime as dt
import json
import socket
import threading
from collections.abc import Callable, Iterator

# By name: importing eventlet.wsgi later would put a green copy of the module in its place.
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kit.config import read
from services.notify.adapters import tencent
from services.notify.adapters import wire as http
from services.notify.adapters.base import Ambiguous
from services.notify.adapters.tencent import Account, TencentSms
from services.notify.config import Config
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Kind
from tests.unit.notify.test_wording import ENVIRONMENT

NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
CODE = Sms("challenge-1", Kind.LOGIN_CODE, "13800138000", {"code": "042042", "minutes": "5"})
Adapter = Callable[[str], TencentSms]
Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def test_the_published_example_is_signed_as_published() -> None:
    """The TC3-HMAC-SHA256 example of Tencent Cloud's documentation (DescribeInstances, 2019-02-25)."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    assert tencent.authorization(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm",
        "cvm.tencentcloudapi.com", body, 1551113065,
    ) == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )  # fmt: skip


def status(code: str, serial: str = "") -> dict[str, Any]:
    return {"SendStatusSet": [{"Code": code, "SerialNo": serial, "Message": code}]}


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (status("Ok", "2645:1"), Accepted("2645:1")),
        (status("FailedOperation.PhoneNumberInBlacklist"),
         Rejected("FailedOperation.PhoneNumberInBlacklist", Remedy.GIVE_UP)),
        (status("InvalidParameterValue.IncorrectPhoneNumber"),
         Rejected("InvalidParameterValue.IncorrectPhoneNumber", Remedy.GIVE_UP)),
        (status("LimitExceeded.PhoneNumberDailyLimit"),
         Rejected("LimitExceeded.PhoneNumberDailyLimit", Remedy.SWITCH)),
        (status("FailedOperation.TemplateIncorrectOrUnapproved"),
         Rejected("FailedOperation.TemplateIncorrectOrUnapproved", Remedy.SWITCH)),
        ({"Error": {"Code": "AuthFailure.SignatureExpire", "Message": "late"}},
         Rejected("AuthFailure.SignatureExpire", Remedy.SWITCH)),
    ],
)  # fmt: skip
def test_each_answer_has_its_meaning(response: dict[str, Any], outcome: Accepted | Rejected) -> None:
    assert tencent.sent(response) == outcome


@pytest.mark.parametrize(
    "response",
    [{}, {"SendStatusSet": []}, {"SendStatusSet": None}, status("InternalError.Timeout"), {"Error": {}}],
)
def test_an_answer_that_says_nothing_is_ambiguous(response: dict[str, Any]) -> None:
    with pytest.raises(Ambiguous):
        tencent.sent(response)


def test_a_message_that_failed_on_its_way_is_found_with_the_reason() -> None:
    row = {"SerialNo": "1", "ReportStatus": "FAIL", "Description": "空号"}
    assert tencent.found(row) == Found("1", "空号", hopeless=True)
    assert tencent.found(row | {"Description": "UNDELIV"}) == Found("1", "UNDELIV")
    assert tencent.found(row | {"ReportStatus": "SUCCESS"}) == Found("1", delivered=True)


class Wire:
    """A party on the wire that answers as a test tells it."""

    def __init__(self) -> None:
        self.reply: Reply = lambda handler, body: None
        self.bodies: list[dict[str, Any]] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                wire.bodies.append(body)
                wire.reply(self, body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answers(self, response: object, code: int = 200) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            raw = json.dumps({"Response": response}).encode() if response is not None else b"<html>"
            handler.send_response(code)
            handler.send_header("Content-Length", str(len(raw)))
            handler.end_headers()
            handler.wfile.write(raw)

        self.reply = reply


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.server.shutdown()
    wire.server.server_close()


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    """Adapters for a URL, closed at the end."""
    made: list[TencentSms] = []

    def make(url: str) -> TencentSms:
        account = Account(url, "id", "key", "1400006666", "ap-guangzhou")
        made.append(TencentSms(account, read(Config, ENVIRONMENT).catalogue()))
        return made[-1]

    yield make
    for sms in made:
        sms.close()


def test_a_message_is_sent_with_its_id_as_context(adapter: Adapter, wire: Wire) -> None:
    wire.answers(status("Ok", "2645:1"))
    assert adapter(wire.url).send(CODE, NOW) == Accepted("2645:1")
    assert wire.bodies == [{
        "PhoneNumberSet": ["+8613800138000"], "SmsSdkAppId": "1400006666", "SignName": "广西税务",
        "TemplateId": "1001", "TemplateParamSet": ["042042", "5"], "SessionContext": "challenge-1",
    }]  # fmt: skip


@pytest.mark.parametrize("code", [500, 503, 504])
def test_a_server_error_is_ambiguous(adapter: Adapter, wire: Wire, code: int) -> None:
    wire.answers(None, code)
    with pytest.raises(Ambiguous, match=str(code)):
        adapter(wire.url).send(CODE, NOW)


def test_a_request_turned_away_was_not_sent(adapter: Adapter, wire: Wire) -> None:
    wire.answers(None, 429)
    assert adapter(wire.url).send(CODE, NOW) == Rejected("HTTP 429", Remedy.SWITCH)


def test_an_answer_that_is_not_json_is_ambiguous(adapter: Adapter, wire: Wire) -> None:
    wire.answers(None)
    with pytest.raises(Ambiguous):
        adapter(wire.url).send(CODE, NOW)


def test_a_connection_cut_in_the_middle_is_ambiguous(adapter: Adapter, wire: Wire) -> None:
    wire.reply = lambda handler, body: handler.connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Ambiguous):
        adapter(wire.url).send(CODE, NOW)


def test_no_answer_in_time_is_ambiguous(
    adapter: Adapter, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 0.1))
    done = threading.Event()

    def hang(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        done.wait(2)

    wire.reply = hang
    with pytest.raises(Ambiguous, match="ReadTimeout"):
        adapter(wire.url).send(CODE, NOW)
    done.set()


def test_a_provider_that_cannot_be_reached_took_nothing(adapter: Adapter) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert adapter(url).send(CODE, NOW) == Rejected("ConnectionError", Remedy.SWITCH)
        with pytest.raises(Ambiguous):
            adapter(url).find("challenge-1", "13800138000", NOW, NOW)


def row(n: int) -> dict[str, Any]:
    return {
        "SessionContext": f"m-{n}",
        "SerialNo": f"s-{n}",
        "UserReceiveTime": int(NOW.timestamp()) + n // 3,
    }


@pytest.fixture
def busy_phone(wire: Wire) -> Wire:
    """A phone that got 250 messages; the provider shows at most 100 at a time, oldest first."""
    rows = [row(n) for n in range(250)]

    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        within = [r for r in rows if body["BeginTime"] <= r["UserReceiveTime"] <= body["EndTime"]]
        wire.answers({"PullSmsSendStatusSet": within[: body["Limit"]]})
        wire.reply(handler, body)
        wire.reply = reply

    wire.reply = reply
    return wire


def test_a_message_is_found_among_many(adapter: Adapter, busy_phone: Wire) -> None:
    assert adapter(busy_phone.url).find("m-249", "13800138000", NOW, NOW + dt.timedelta(minutes=2)) == Found(
        "s-249"
    )
    assert len(busy_phone.bodies) == 3
    assert {body["Offset"] for body in busy_phone.bodies} == {0}


def test_a_message_that_is_not_there_is_not_found(adapter: Adapter, busy_phone: Wire) -> None:
    found = adapter(busy_phone.url).find("m-250", "13800138000", NOW, NOW + dt.timedelta(minutes=2))
    assert found == NotFound()


def test_a_refused_look_up_is_ambiguous(adapter: Adapter, wire: Wire) -> None:
    wire.answers({"Error": {"Code": "RequestLimitExceeded", "Message": "20 per second"}})
    with pytest.raises(Ambiguous, match="RequestLimitExceeded"):
        adapter(wire.url).find("m", "13800138000", NOW, NOW)
