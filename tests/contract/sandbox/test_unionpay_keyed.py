"""The older route of UnionPay: signed with the communication key, on the same ledger as the open platform."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.settings import Settings
from sandbox.signatures import communication_key_sign, verify_communication_key
from tests.contract.sandbox.caller import Caller


class Keyed:
    """Signs what a ``Caller`` says with the communication key."""

    def __init__(self, caller: Caller, settings: Settings) -> None:
        self.caller, self.keys, self.msg_src = (
            caller,
            settings.communication_keys,
            settings["UNIONPAY_MSG_SRC"],
        )

    def signed(self, fields: dict[str, Any], key: str = "") -> dict[str, Any]:
        return fields | {
            "sign": communication_key_sign(fields, key or self.keys[0], fields.get("signType", "MD5"))
        }

    def open_cashier(self, key: str = "", **changed: Any) -> TestResponse:
        fields = self.caller.order_fields(msgSrc=self.msg_src, msgType="WXPay.jsPay", **changed)
        text = self.signed({name: str(value) for name, value in fields.items()}, key)
        return self.caller.client.get(f"/netpay-portal/webpay/pay.do?{urlencode(text)}")

    def post(self, message_type: str, number: str, key: str = "", **more: Any) -> TestResponse:
        fields = self.caller.order_fields(merOrderId=number, msgSrc=self.msg_src, msgType=message_type)
        return self.caller.client.post(
            "/netpay-route-server/api/", data=json.dumps(self.signed(fields | more, key), ensure_ascii=False)
        )

    def call(self, message_type: str, number: str, **more: Any) -> dict[str, Any]:
        """The answer, whose signature is right."""
        answer = dict(self.post(message_type, number, **more).json or {})
        verify_communication_key(answer, self.keys)
        return answer


@pytest.fixture
def keyed(caller: Caller, settings: Settings) -> Keyed:
    return Keyed(caller, settings)


@pytest.mark.parametrize("sign_type", ["MD5", "SHA256"])
def test_an_order_is_placed_paid_and_asked_for(keyed: Keyed, caller: Caller, sign_type: str) -> None:
    number = caller.order_fields()["merOrderId"]
    cashier = keyed.open_cashier(merOrderId=number, signType=sign_type)
    assert cashier.status_code == 302
    caller.client.post(f"{cashier.location}/pay")
    answer = keyed.call("query", number, signType=sign_type)
    assert (answer["errCode"], answer["status"], answer["signType"]) == (
        "SUCCESS",
        "TRADE_SUCCESS",
        sign_type,
    )
    asked = caller.unionpay("query", number).json or {}
    assert asked == {name: value for name, value in answer.items() if name not in ("sign", "signType")}


def test_without_a_sign_type_it_is_md5(keyed: Keyed, caller: Caller) -> None:
    fields = caller.order_fields(msgSrc=keyed.msg_src, msgType="query")
    del fields["signType"]
    answer = caller.client.post("/netpay-route-server/api/", data=json.dumps(keyed.signed(fields))).json
    assert answer is not None
    assert (answer["errCode"], answer["signType"], len(answer["sign"])) == ("NO_ORDER", "MD5", 32)


def test_close_and_refund(keyed: Keyed, caller: Caller) -> None:
    closed, paid = caller.placed(), caller.placed()
    assert keyed.call("close", closed)["status"] == "TRADE_CLOSED"
    caller.act(paid, "pay")
    assert keyed.call("close", paid)["errCode"] == "OPERATION_NOT_ALLOWED"
    refund = {"refundOrderId": paid + "R", "refundAmount": "40000"}
    assert keyed.call("refund", paid, **refund)["refundStatus"] == "SUCCESS"
    assert keyed.call("refundQuery", paid, refundOrderId=paid + "R")["refundAmount"] == 40000


@pytest.mark.parametrize(
    ("inst_mid", "name"), [("YUEDANDEFAULT", "jsPayRequest"), ("MINIDEFAULT", "miniPayRequest")]
)
def test_an_order_inside_wechat(keyed: Keyed, caller: Caller, inst_mid: str, name: str) -> None:
    number = caller.order_fields()["merOrderId"]
    buyer = {"tradeType": "JSAPI", "subAppId": "wx1", "subOpenId": "o1", "instMid": inst_mid}
    answer = keyed.call("WXPay.jsPay", number, **buyer)
    assert answer[name]["appId"] == "wx1"
    caller.act(number, "pay")
    assert name not in keyed.call("WXPay.jsPay", number, **buyer)


def test_the_wrong_key_is_refused(keyed: Keyed) -> None:
    assert keyed.open_cashier(key="0" * 32).status_code == 401
    answer = keyed.post("query", "3194000000000", key="0" * 32)
    assert (answer.status_code, (answer.json or {})["errCode"]) == (401, "BAD_SIGN")


@pytest.mark.parametrize("changed", [{"msgType": "bills.getQRCode"}, {"msgSrc": "WWW.OTHER.COM"}])
def test_what_is_not_spoken_here_is_refused(keyed: Keyed, changed: dict[str, str]) -> None:
    assert keyed.call("query", "3194000000000", **changed)["errCode"] == "BAD_REQUEST"


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "\u0000"])
def test_what_is_not_a_message_is_refused(client: FlaskClient, body: str) -> None:
    answer = client.post("/netpay-route-server/api/", data=body).json
    assert (answer or {})["errCode"] == "BAD_REQUEST"


def test_a_bad_order_is_refused_on_a_page(keyed: Keyed) -> None:
    answer = keyed.open_cashier(totalAmount="0")
    assert answer.status_code == 400
    assert "没有扣款" in answer.text


def test_an_order_belongs_to_its_merchant(keyed: Keyed, caller: Caller) -> None:
    other = {"mid": "898450200000002", "tid": "45020001"}
    number = caller.placed(**other)
    assert keyed.call("query", number)["errCode"] == "NO_ORDER"
    assert keyed.call("query", number, **other)["status"] == "NEW_ORDER"
    assert keyed.call("query", number, **other, instMid="MINIDEFAULT")["errCode"] == "NO_ORDER"


def test_the_same_faults_and_counters(keyed: Keyed, caller: Caller, client: FlaskClient) -> None:
    number = caller.placed()
    client.put(f"/sandbox/api/orders/{number}/settings", json={"unionpay": {"error_rate": 1.0}})
    assert keyed.post("query", number).status_code == 503
    assert (client.get("/sandbox/api/counters").json or {})["calls"]["unionpay.query"] == 1
