"""Aliyun's signature and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.adapters import aliyun
from services.notify.adapters.base import Ambiguous, UnreadableReceipt
from services.notify.adapters.gateway import SHAPE, BadShape, GatewaySms, _filled, shape
from services.notify.adapters.gateway import Account as GatewayAccount
from services.notify.adapters.tencent import Account as TencentAccount
from services.notify.adapters.tencent import TencentSms
from services.notify.domain.messages import Accepted, Found, Rejected, Remedy
from services.notify.templates import Catalogue

PUBLISHED = {
    "AccessKeyId": "testId", "OutId": "123", "PhoneNumbers": "15300000001", "SignName": "阿里云短信测试专用",
    "TemplateCode": "SMS_71390007", "TemplateParam": '{"customer":"test"}', "Format": "XML",
    "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466", "Timestamp": "2017-07-12T02:42:19Z",
    "RegionId": "cn-hangzhou", "Action": "SendSms", "Version": "2017-05-25", "SignatureMethod": "HMAC-SHA1",
    "SignatureVersion": "1.0",
}  # fmt: skip
"""The example of Aliyun's documentation (protocols.md §6)."""

NO_TEXTS = Catalogue("1", "广西税务", {})


def test_the_published_example_is_signed_as_published() -> None:
    assert aliyun.signature(PUBLISHED, "testSecret", "GET") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"Code": "OK", "BizId": "9006^0"}, Accepted("9006^0")),
        ({"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, Rejected("isv.MOBILE_NUMBER_ILLEGAL", Remedy.GIVE_UP)),
        ({"Code": "isv.BUSINESS_LIMIT_CONTROL"}, Rejected("isv.BUSINESS_LIMIT_CONTROL", Remedy.SWITCH)),
        ({"Code": "isv.AMOUNT_NOT_ENOUGH"}, Rejected("isv.AMOUNT_NOT_ENOUGH", Remedy.SWITCH)),
        ({"Code": "SignatureDoesNotMatch"}, Rejected("SignatureDoesNotMatch", Remedy.SWITCH)),
        ({"Code": "Throttling.User"}, Rejected("Throttling.User", Remedy.RETRY)),
    ],
)
def test_each_answer_has_its_meaning(answer: dict[str, Any], outcome: Accepted | Rejected) -> None:
    assert aliyun.sent(answer) == outcome


@pytest.mark.parametrize(
    "answer", [{}, {"Code": ""}, {"Code": "isp.SYSTEM_ERROR"}, {"Code": "InternalError.X"}]
)
def test_an_answer_that_says_nothing_is_ambiguous(answer: dict[str, Any]) -> None:
    with pytest.raises(Ambiguous):
        aliyun.sent(answer)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"BizId": "1", "SendStatus": 1}, Found("1")),
        ({"BizId": "1", "SendStatus": 3, "ErrCode": "DELIVERED"}, Found("1", delivered=True)),
        ({"BizId": "1", "SendStatus": 2, "ErrCode": "NO_ROUTE"}, Found("1", "NO_ROUTE")),
        ({"BizId": "1", "SendStatus": 2, "ErrCode": "MOBILE_IN_BLACK"}, Found("1", "MOBILE_IN_BLACK", hopeless=True)),
    ],
)  # fmt: skip
def test_a_row_says_how_far_a_message_is(row: dict[str, Any], found: Found) -> None:
    assert aliyun.found(row) == found


def _providers() -> dict[str, Any]:
    return {
        "tencent": TencentSms(TencentAccount("http://x", "i", "k", "1", "r"), NO_TEXTS),
        "aliyun": aliyun.AliyunSms(aliyun.Account("http://x", "i", "k", "r"), NO_TEXTS),
        "gateway": GatewaySms(GatewayAccount("http://x", "u", "k"), shape(SHAPE), NO_TEXTS),
    }


RECEIPTS: dict[str, list[dict[str, Any]]] = {
    "tencent": [
        {"user_receive_time": "2026-11-23 08:05:11", "nationcode": "86", "mobile": "13800138000",
         "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "2645:1"},
        {"user_receive_time": "2026-11-23 08:05:11", "nationcode": "86", "mobile": "13800138001",
         "report_status": "FAIL", "errmsg": "UNDELIV", "description": "网络故障", "sid": "2645:2"},
    ],
    "aliyun": [
        {"phone_number": "13800138000", "send_time": "2026-11-23 08:05:10", "report_time": "2026-11-23 08:05:11",
         "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "4", "biz_id": "2645:1",
         "out_id": "m-1"},
        {"phone_number": "13800138001", "send_time": "2026-11-23 08:05:10", "report_time": "2026-11-23 08:05:11",
         "success": False, "err_code": "网络故障", "err_msg": "失败", "sms_size": "4", "biz_id": "2645:2",
         "out_id": "m-2"},
    ],
    "gateway": [
        {"taskid": "2645:1", "msgid": "m-1", "mobile": "13800138000", "status": "DELIVRD", "error": ""},
        {"taskid": "2645:2", "msgid": "m-2", "mobile": "13800138001", "status": "UNDELIV", "error": "网络故障"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECEIPTS))
def test_every_providers_receipts_are_read(name: str) -> None:
    assert _providers()[name].receipts(RECEIPTS[name]) == [
        Found("2645:1", delivered=True), Found("2645:2", "网络故障"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECEIPTS))
@pytest.mark.parametrize("body", [None, 5, "x", [5], [{}], ["x"], [None]])
def test_anything_else_is_no_receipt(name: str, body: Any) -> None:
    with pytest.raises(UnreadableReceipt):
        _providers()[name].receipts(body)


def test_only_what_the_shape_wrote_is_filled_in() -> None:
    values = {"text": "给{key}的{phone}", "phone": "138", "key": "secret"}
    assert _filled("{phone}:{text}:{other}", values) == "138:给{key}的{phone}:{other}"


@pytest.mark.parametrize("text", ["", "[send]\npath='/'", "not toml ="])
def test_a_file_that_describes_no_gateway_is_refused(tmp_path: Any, text: str) -> None:
    path = tmp_path / "shape.toml"
    path.write_text(text)
    with pytest.raises(BadShape):
        shape(path)
