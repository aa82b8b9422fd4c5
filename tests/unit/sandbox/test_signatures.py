"""The published vectors of protocols sections 1 and 6, and what is refused."""

from datetime import datetime
from urllib.parse import parse_qsl

import pytest

from sandbox import tencent
from sandbox.clock import SHANGHAI
from sandbox.settings import DEMO_CREDENTIALS
from sandbox.signatures import (
    BadSignature,
    communication_key_sign,
    open_body_signature,
    verify_communication_key,
    verify_header,
)

APP_ID, APP_KEY = "12345678901234567890123456789012", "67890123456789012345678901234567"
TIMESTAMP, NONCE = "20170101120000", "09876543210987654321098765432109"
SIGNATURE = "GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08="
SIGNED_AT = datetime(2017, 1, 1, 12, tzinfo=SHANGHAI).timestamp()
DEMO_KEY = DEMO_CREDENTIALS["UNIONPAY_COMMUNICATION_KEYS"]
BILL = {
    "billDate": "2017-06-26",
    "billNo": "31940000201700002",
    "goods": '[{"body":"微信二维码测试","price":"1","goodsName":"微信二维码测试","goodsId":"1","quantity":"1",'
    '"goodsCategory":"TEST"}]',
    "instMid": "QRPAYDEFAULT",
    "mid": "898340149000005",
    "msgSrc": "WWW.TEST.COM",
    "msgType": "bills.getQRCode",
    "requestTimestamp": "2017-06-26 17:28:02",
    "tid": "88880001",
    "totalAmount": "1",
    "walletOption": "SINGLE",
}
NOTIFY = (
    "payTime=2022-06-21+17%3A13%3A04&ns=cyuT&connectSys=OPENCHANNEL"
    "&sign=714DAF2ACAA090E79B80F843829ED4251652742DDC44BF596EEEA6732D154C62"
    "&merName=%E6%B5%8B%E8%AF%95%E9%80%80%E8%B4%A75%281111%29&mid=898340149000005&invoiceAmount=1"
    "&settleDate=2022-06-21&billFunds=%E7%8E%B0%E9%87%91%E6%94%AF%E4%BB%980.01%E5%85%83%E3%80%82"
    "&buyerId=o8wNP0RtDiUq4NzMZyAGK5psp6hs&mchntUuid=4aa8728a06a04f7385869df8b659cd01&tid=88880001"
    "&instMid=YUEDANDEFAULT&receiptAmount=1&targetOrderId=4200001471202206211141496123&signType=SHA256"
    "&orderDesc=%E6%B5%8B%E8%AF%95%E9%80%80%E8%B4%A75%281111%29&seqId=01120706230N"
    "&merOrderId=3194278460076848369664&targetSys=WXPay&totalAmount=1&createTime=2022-06-21+17%3A12%3A53"
    "&buyerPayAmount=1&notifyId=e82a0275-f767-4f77-90c2-614c91222275&subInst=000100&status=TRADE_SUCCESS"
)


def header(signature: str = SIGNATURE, app_id: str = APP_ID, timestamp: str = TIMESTAMP) -> str:
    return (
        f'OPEN-BODY-SIG AppId="{app_id}", Timestamp="{timestamp}", Nonce="{NONCE}", Signature="{signature}"'
    )


def test_open_platform_vector() -> None:
    assert open_body_signature(APP_KEY, APP_ID, TIMESTAMP, NONCE, b"A") == SIGNATURE


def test_header_of_the_vector_is_accepted() -> None:
    verify_header(header(), b"A", APP_ID, [APP_KEY], SIGNED_AT + 60, 600)


@pytest.mark.parametrize(
    ("given", "body", "now"),
    [
        (header(), b"B", SIGNED_AT),
        (header(), b"A", SIGNED_AT + 601),
        (header(app_id="99999678901234567890123456789012"), b"A", SIGNED_AT),
        (header(signature="签名"), b"A", SIGNED_AT),
        (header(timestamp=""), b"A", SIGNED_AT),
        ("Bearer abc", b"A", SIGNED_AT),
        ("", b"A", SIGNED_AT),
    ],
)
def test_other_headers_are_refused(given: str, body: bytes, now: float) -> None:
    with pytest.raises(BadSignature):
        verify_header(given, body, APP_ID, [APP_KEY], now, 600)


def test_a_skew_of_zero_accepts_any_time() -> None:
    verify_header(header(), b"A", APP_ID, [APP_KEY], SIGNED_AT + 10**8, 0)


def test_communication_key_vectors() -> None:
    assert communication_key_sign(BILL, DEMO_KEY, "MD5").lower() == "57f81baf8e3bae1190b26d6c733038af"
    assert (
        communication_key_sign(BILL, DEMO_KEY, "SHA256").lower()
        == "a9eced8dd8425d1fc4047cf94e672c69ed1073557ee831c51287341cfab0b21f"
    )


def test_notify_vector() -> None:
    fields = dict(parse_qsl(NOTIFY))
    assert communication_key_sign(fields, DEMO_KEY, fields["signType"]) == fields["sign"]


def test_the_notify_vector_is_accepted_by_any_of_two_keys() -> None:
    fields = dict(parse_qsl(NOTIFY))
    for keys in ([DEMO_KEY, "another"], ["another", DEMO_KEY]):
        verify_communication_key(fields, keys)
    verify_communication_key({**BILL, "sign": "57f81baf8e3bae1190b26d6c733038af"}, [DEMO_KEY])


@pytest.mark.parametrize(
    "changed", [{"totalAmount": "2"}, {"signType": "MD5"}, {"signType": "SM3"}, {"sign": ""}, {"extra": ""}]
)
def test_a_changed_notify_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify_communication_key(dict(parse_qsl(NOTIFY)) | changed, [DEMO_KEY])


def test_either_of_two_app_keys_may_sign() -> None:
    for keys in ([APP_KEY, "another"], ["another", APP_KEY]):
        verify_header(header(), b"A", APP_ID, keys, SIGNED_AT, 600)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
        ),
        (
            "Gu5t9xGARNpq86cd98joQYCN3*******",
            "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
        ),
    ],
)
def test_tencent_published_example(secret: str, expected: str) -> None:
    """The worked example of Tencent Cloud's page on signature method v3, in both of its editions."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    assert (
        tencent.signature(secret, "2019-02-25", "1551113065", "content-type;host", headers, body, "cvm")
        == expected
    )
