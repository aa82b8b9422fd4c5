"""UnionPay's open platform: placing, paying, querying, closing and refunding (protocols section 1)."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.clock import SHANGHAI
from sandbox.personas import personas
from tests.contract.sandbox.caller import Caller

PERSON = next(person for person in personas() if person.persona == "medical_and_pension")
THIS_YEAR = str(datetime.now(SHANGHAI).year)


def line(**changed: str) -> dict[str, str]:
    return {
        "djxh": PERSON.djxh,
        "rybm": PERSON.enrolments[0].person_number,
        "xzlx": "10212",
        "jfnd": THIS_YEAR,
        "je": "400.00",
    } | changed


def carrying(*lines: dict[str, str]) -> str:
    return json.dumps({"lines": [" ".join(line.values()) for line in lines]})


def query(caller: Caller, number: str) -> dict[str, Any]:
    return dict(caller.unionpay("query", number).json or {})


def medical(caller: Caller) -> dict[str, Any]:
    answer = caller.taxbank(
        "resident-payable", zjhm=PERSON.id_number, xm=PERSON.name, xzlx="10212", jfnd=THIS_YEAR
    )
    return dict((answer.json or {})["data"]["jfmx"])


def test_placing_redirects_to_a_cashier_page_with_amount_and_buttons(caller: Caller) -> None:
    answer = caller.open_cashier(caller.order_fields())
    assert answer.status_code == 302
    page = caller.client.get(answer.location).text
    for text in ("¥400.00", "城乡居民基本医疗保险", "支付 400.00 元", "取消支付", "返回商户"):
        assert text in page


def test_placing_again_is_the_same_order(caller: Caller) -> None:
    fields = caller.order_fields()
    assert caller.open_cashier(fields).location == caller.open_cashier(fields).location


def test_the_same_number_with_another_amount_is_refused(caller: Caller) -> None:
    fields = caller.order_fields()
    caller.open_cashier(fields)
    answer = caller.open_cashier(fields | {"totalAmount": 1})
    assert answer.status_code == 400
    assert "DUP_ORDER" in answer.text
    assert query(caller, fields["merOrderId"])["totalAmount"] == 40000


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mid": "0"}, "NO_MERCHANT"),
        ({"tid": "0"}, "NO_MERCHANT"),
        ({"instMid": "OTHER"}, "BAD_REQUEST"),
        ({"merOrderId": "9999123456789"}, "BAD_REQUEST"),
        ({"merOrderId": "319412"}, "BAD_REQUEST"),
        ({"merOrderId": "3194" + "1" * 24}, "BAD_REQUEST"),
        ({"merOrderId": "3194订单123456"}, "BAD_REQUEST"),
        ({"merOrderId": 3194123456789}, "BAD_REQUEST"),
        ({"totalAmount": 0}, "BAD_REQUEST"),
        ({"totalAmount": -1}, "BAD_REQUEST"),
        ({"totalAmount": "400.00"}, "BAD_REQUEST"),
        ({"totalAmount": None}, "BAD_REQUEST"),
        ({"orderDesc": "社" * 86}, "BAD_REQUEST"),
        ({"requestTimestamp": "20260101"}, "BAD_REQUEST"),
        ({"expireTime": "soon"}, "BAD_REQUEST"),
        ({"notifyUrl": "ftp://x"}, "BAD_REQUEST"),
        ({"returnUrl": "javascript:alert(1)"}, "BAD_REQUEST"),
        ({"signType": "SM3"}, "BAD_REQUEST"),
    ],
)
def test_bad_order_fields_are_refused(caller: Caller, changed: dict[str, Any], code: str) -> None:
    answer = caller.open_cashier(caller.order_fields(**changed))
    assert answer.status_code == 400
    assert code in answer.text
    assert "没有扣款" in answer.text


def test_a_wrongly_signed_order_is_refused(caller: Caller) -> None:
    fields = caller.order_fields()
    assert caller.open_cashier(fields, key="0" * 32).status_code == 401
    assert query(caller, fields["merOrderId"])["errCode"] == "NO_ORDER"


def test_a_wrongly_signed_query_is_refused(caller: Caller) -> None:
    answer = caller.signed_post("/v1/netpay/query", {"merOrderId": "3194000"}, "UNIONPAY", key="0" * 32)
    assert (answer.status_code, (answer.json or {})["errCode"]) == (401, "BAD_SIGN")


def test_unified_order_places_without_redirect(caller: Caller) -> None:
    fields = caller.order_fields(tradeType="JSAPI", subAppId="wx1", subOpenId="o1")
    answer = caller.signed_post("/v1/netpay/wx/unified-order", fields, "UNIONPAY").json
    assert answer is not None
    assert (answer["errCode"], answer["status"]) == ("SUCCESS", "NEW_ORDER")
    assert answer["jsPayRequest"]["package"].startswith("prepay_id=")
    caller.act(fields["merOrderId"], "pay")
    assert query(caller, fields["merOrderId"])["status"] == "TRADE_SUCCESS"


def test_the_buyer_pays_and_returns(caller: Caller) -> None:
    fields = caller.order_fields()
    cashier = caller.open_cashier(fields).location
    assert query(caller, fields["merOrderId"])["status"] == "NEW_ORDER"
    caller.client.get(cashier)
    assert query(caller, fields["merOrderId"])["status"] == "WAIT_BUYER_PAY"
    back = caller.client.post(f"{cashier}/pay")
    assert (back.status_code, back.location) == (302, fields["returnUrl"])
    answer = query(caller, fields["merOrderId"])
    assert (answer["errCode"], answer["status"], answer["totalAmount"]) == ("SUCCESS", "TRADE_SUCCESS", 40000)
    for name in ("payTime", "targetOrderId", "seqId", "buyerId", "settleDate"):
        assert answer[name]
    assert "支付成功" in caller.client.get(cashier).text


def test_paying_twice_takes_the_money_once(caller: Caller) -> None:
    fields = caller.order_fields()
    cashier = caller.open_cashier(fields).location
    caller.client.post(f"{cashier}/pay")
    first = query(caller, fields["merOrderId"])["targetOrderId"]
    assert caller.client.post(f"{cashier}/pay").location == cashier
    assert query(caller, fields["merOrderId"])["targetOrderId"] == first
    ledger = caller.client.get("/sandbox/api/ledger").json
    assert ledger is not None
    assert ledger["totals"] == {"TRADE_SUCCESS": {"orders": 1, "amount": 40000}}
    assert len(ledger["orders"][0]["notifies"]) == 1


def test_cancelling_closes_and_leaving_does_not(caller: Caller) -> None:
    left = caller.order_fields()
    cashier = caller.open_cashier(left).location
    assert caller.client.post(f"{cashier}/return").location == left["returnUrl"]
    assert query(caller, left["merOrderId"])["status"] == "NEW_ORDER"
    assert caller.client.post(f"{cashier}/cancel").location == left["returnUrl"]
    assert query(caller, left["merOrderId"])["status"] == "TRADE_CLOSED"
    page = caller.client.get(cashier).text
    assert "没有扣款" in page
    assert "支付 400.00 元" not in page


def test_a_declined_payment_closes_the_order(caller: Caller, client: FlaskClient) -> None:
    fields = caller.order_fields()
    cashier = caller.open_cashier(fields).location
    client.put(f"/sandbox/api/orders/{fields['merOrderId']}/settings", json={"unionpay": {"outcome": "fail"}})
    assert client.post(f"{cashier}/pay").location == cashier
    assert "余额不足" in client.get(cashier).text
    assert query(caller, fields["merOrderId"])["status"] == "TRADE_CLOSED"


def test_an_order_expires(caller: Caller) -> None:
    soon = f"{datetime.now(SHANGHAI) - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"
    fields = caller.order_fields(expireTime=soon)
    cashier = caller.open_cashier(fields).location
    assert caller.client.post(f"{cashier}/pay").location == cashier
    answer = query(caller, fields["merOrderId"])
    assert (answer["status"], answer["closeReason"]) == ("TRADE_CLOSED", "expired")


def test_an_order_lives_thirty_minutes_by_default(caller: Caller, client: FlaskClient) -> None:
    order = client.get(f"/sandbox/api/orders/{caller.placed()}").json
    assert order is not None
    read = [datetime.strptime(order[name], "%Y-%m-%d %H:%M:%S") for name in ("createTime", "expireTime")]  # noqa: DTZ007
    assert read[1] - read[0] == timedelta(minutes=30)


def test_close(caller: Caller) -> None:
    number = caller.placed()
    assert caller.unionpay("close", number).json == query(caller, number) | {"errMsg": "关闭成功"}
    again = caller.unionpay("close", number).json
    assert again is not None
    assert (again["errCode"], again["status"]) == ("OPERATION_NOT_ALLOWED", "TRADE_CLOSED")
    paid = caller.placed()
    caller.act(paid, "pay")
    refused = caller.unionpay("close", paid).json
    assert refused is not None
    assert (refused["errCode"], refused["status"]) == ("OPERATION_NOT_ALLOWED", "TRADE_SUCCESS")


@pytest.mark.parametrize("call", ["query", "close", "refund", "refund-query"])
def test_an_unknown_order(caller: Caller, call: str) -> None:
    answer = caller.unionpay(call, "3194000000000", refundOrderId="3194000000001", refundAmount="1").json
    assert (answer or {})["errCode"] == "NO_ORDER"


def test_money_taken_after_close_is_a_late_success(caller: Caller, client: FlaskClient) -> None:
    number = caller.placed()
    caller.unionpay("close", number)
    assert client.post(f"/sandbox/api/orders/{number}/pay").status_code == 409
    caller.act(number, "pay-late")
    assert query(caller, number)["status"] == "TRADE_SUCCESS"


def test_query_can_answer_unknown_for_one_order(caller: Caller, client: FlaskClient) -> None:
    one, other = caller.placed(), caller.placed()
    client.put(f"/sandbox/api/orders/{one}/settings", json={"unionpay": {"query_unknown_rate": 1.0}})
    for number in (one, other):
        caller.act(number, "pay")
    assert query(caller, one)["status"] == "UNKNOWN"
    assert "payTime" not in query(caller, one)
    assert query(caller, other)["status"] == "TRADE_SUCCESS"


def test_errors_and_time_outs_for_one_order(caller: Caller, client: FlaskClient) -> None:
    number = caller.placed()
    settings = f"/sandbox/api/orders/{number}/settings"
    client.put(settings, json={"unionpay": {"error_rate": 1.0}})
    assert caller.unionpay("query", number).status_code == 503
    client.put(
        settings,
        json={"unionpay": {"error_rate": 0, "accept_then_timeout_rate": 1.0, "timeout_seconds": 0.01}},
    )
    assert caller.unionpay("close", number).status_code == 504
    client.put(settings, json={"unionpay": {"accept_then_timeout_rate": 0}})
    assert query(caller, number)["status"] == "TRADE_CLOSED"


def test_a_paid_line_becomes_paid_in_the_tax_bank_data(caller: Caller) -> None:
    number = caller.placed(attachedData=carrying(line()))
    assert medical(caller)["jfzt"] == "0"
    caller.act(number, "pay")
    paid = medical(caller)
    assert (paid["jfzt"], paid["je"], paid["yjqd"]) == ("1", "400.00", "广西税务12366微信公众号")
    assert paid["yjsj"] == query(caller, number)["payTime"]


def test_a_paid_pension_line_names_its_tier(caller: Caller) -> None:
    number = caller.placed(totalAmount=30000, srcReserve=carrying(line(xzlx="10210", je="300.00")))
    caller.act(number, "pay")
    answer = caller.taxbank(
        "resident-payable", zjhm=PERSON.id_number, xm=PERSON.name, xzlx="10210", jfnd=THIS_YEAR
    )
    assert answer.json is not None
    assert (answer.json["data"]["jfmx"]["dc"], answer.json["data"]["jfmx"]["jfzt"]) == ("300元档", "1")


def test_posting_can_be_late(caller: Caller, client: FlaskClient) -> None:
    client.put("/sandbox/api/settings", json={"unionpay": {"posting_delay_seconds": 3600}})
    caller.act(caller.placed(attachedData=carrying(line())), "pay")
    assert medical(caller)["jfzt"] == "0"


@pytest.mark.parametrize(
    ("carried", "note"),
    [
        ("", "没有可读"),
        ("not json", "没有可读"),
        (json.dumps({"lines": [line()]}), "没有可读"),
        (carrying(line() | {"more": "1"}), "没有可读"),
        (carrying(line(je="400")), "没有可读"),
        (carrying(line(je="399.00")), "不一致"),
        (carrying(line(rybm="1")), "第 1 行"),
        (carrying(line(xzlx="10203")), "第 1 行"),
        (carrying(line(djxh="1")), "第 1 行"),
    ],
)
def test_lines_that_cannot_be_posted_are_told_in_the_ledger(caller: Caller, carried: str, note: str) -> None:
    order = caller.act(caller.placed(attachedData=carried), "pay")
    assert note in order["postingNote"]
    assert order["postings"] == []
    assert medical(caller)["jfzt"] == "0"


def test_a_full_refund_makes_the_year_payable_again(caller: Caller) -> None:
    number = caller.placed(attachedData=carrying(line()))
    caller.act(number, "pay")
    asked = {"refundOrderId": number + "R", "refundAmount": "40000", "refundDesc": "重复缴费"}
    first = caller.unionpay("refund", number, **asked).json
    assert first is not None
    assert (first["errCode"], first["refundStatus"], first["status"]) == (
        "SUCCESS",
        "SUCCESS",
        "TRADE_REFUND",
    )
    again = caller.unionpay("refund", number, **asked).json
    assert again is not None
    assert again["refundTargetOrderId"] == first["refundTargetOrderId"]
    assert query(caller, number)["refundAmount"] == 40000
    assert medical(caller)["jfzt"] == "0"
    found = caller.unionpay("refund-query", number, refundOrderId=number + "R").json
    assert (found or {})["refundStatus"] == "SUCCESS"


def test_refunds_never_exceed_the_payment(caller: Caller) -> None:
    number = caller.placed()
    caller.act(number, "pay")
    ok = caller.unionpay("refund", number, refundOrderId=number + "A", refundAmount="30000").json
    assert (ok or {})["errCode"] == "SUCCESS"
    too_much = caller.unionpay("refund", number, refundOrderId=number + "B", refundAmount="10001").json
    assert (too_much or {})["errCode"] == "OPERATION_NOT_ALLOWED"
    assert query(caller, number)["refundAmount"] == 30000


def test_an_unpaid_order_cannot_be_refunded(caller: Caller) -> None:
    number = caller.placed()
    answer = caller.unionpay("refund", number, refundOrderId=number + "A", refundAmount="1").json
    assert (answer or {})["errCode"] == "OPERATION_NOT_ALLOWED"


@pytest.mark.parametrize("status", ["PROCESSING", "UNKNOWN", "FAIL"])
def test_other_fates_of_a_refund(caller: Caller, client: FlaskClient, status: str) -> None:
    number = caller.placed()
    caller.act(number, "pay")
    client.put("/sandbox/api/settings", json={"unionpay": {"refund_status": status}})
    answer = caller.unionpay("refund", number, refundOrderId=number + "A", refundAmount="40000").json
    assert answer is not None
    assert answer["refundStatus"] == status
    assert query(caller, number)["refundAmount"] == (0 if status == "FAIL" else 40000)


def test_a_refund_in_progress_ends_after_its_delay(caller: Caller, client: FlaskClient) -> None:
    number = caller.placed()
    caller.act(number, "pay")
    slow = {"refund_status": "PROCESSING", "refund_delay_seconds": 0.05}
    client.put("/sandbox/api/settings", json={"unionpay": slow})
    answer = caller.unionpay("refund", number, refundOrderId=number + "A", refundAmount="40000").json
    assert (answer or {})["refundStatus"] == "PROCESSING"
    time.sleep(0.06)
    answer = caller.unionpay("refund-query", number, refundOrderId=number + "A").json
    assert (answer or {})["refundStatus"] == "SUCCESS"
