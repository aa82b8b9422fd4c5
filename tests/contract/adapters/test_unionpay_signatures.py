"""The vectors of protocols.md §1, through our adapter."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import parse_qsl

import pytest

from kit.clock import CHINA
from kit.open_platform import OpenPlatformKey
from services.payment.adapters.base import ForgedNotify
from services.payment.adapters.signing import communication_signature
from services.payment.adapters.unionpay import connect
from services.payment.config import Route
from services.payment.domain.orders import Report, Trigger
from tests.fakes.payment_orders import KEY, an_order, settings

OPEN_PLATFORM = OpenPlatformKey("12345678901234567890123456789012", "67890123456789012345678901234567")
STAMP, NONCE = "20170101120000", "09876543210987654321098765432109"
SIGNATURE = "GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08="

BILL = (
    'billDate=2017-06-26&billNo=31940000201700002&goods=[{"body":"微信二维码测试","price":"1","goodsName":'
    '"微信二维码测试","goodsId":"1","quantity":"1","goodsCategory":"TEST"}]&instMid=QRPAYDEFAULT&'
    "mid=898340149000005&msgSrc=WWW.TEST.COM&msgType=bills.getQRCode&requestTimestamp=2017-06-26 17:28:02&"
    "tid=88880001&totalAmount=1&walletOption=SINGLE"
)
PUBLISHED_NOTIFY = (
    "payTime=2022-06-21+17%3A13%3A04&ns=cyuT&connectSys=OPENCHANNEL&"
    "sign=714DAF2ACAA090E79B80F843829ED4251652742DDC44BF596EEEA6732D154C62&"
    "merName=%E6%B5%8B%E8%AF%95%E9%80%80%E8%B4%A75%281111%29&mid=898340149000005&invoiceAmount=1&"
    "settleDate=2022-06-21&billFunds=%E7%8E%B0%E9%87%91%E6%94%AF%E4%BB%980.01%E5%85%83%E3%80%82&"
    "buyerId=o8wNP0RtDiUq4NzMZyAGK5psp6hs&mchntUuid=4aa8728a06a04f7385869df8b659cd01&tid=88880001&"
    "instMid=YUEDANDEFAULT&receiptAmount=1&targetOrderId=4200001471202206211141496123&signType=SHA256&"
    "orderDesc=%E6%B5%8B%E8%AF%95%E9%80%80%E8%B4%A75%281111%29&seqId=01120706230N&"
    "merOrderId=3194278460076848369664&targetSys=WXPay&totalAmount=1&createTime=2022-06-21+17%3A12%3A53&"
    "buyerPayAmount=1&notifyId=e82a0275-f767-4f77-90c2-614c91222275&subInst=000100&status=TRADE_SUCCESS"
)


def published() -> dict[str, str]:
    return dict(parse_qsl(PUBLISHED_NOTIFY, strict_parsing=True))


def test_open_body_signature_of_the_published_example() -> None:
    assert OPEN_PLATFORM.signature(b"A", STAMP, NONCE) == SIGNATURE


def test_the_authorization_header_names_what_it_signed() -> None:
    header = OPEN_PLATFORM.authorization(b"A", dt.datetime(2017, 1, 1, 12, tzinfo=CHINA))
    found = re.fullmatch(
        r'OPEN-BODY-SIG AppId="(\w{32})", Timestamp="(\d{14})", Nonce="(\w{32})", Signature="([\w+/=]{44})"',
        header,
    )
    assert found
    app_id, stamp, nonce, signature = found.groups()
    assert (app_id, stamp) == (OPEN_PLATFORM.app_id, STAMP)
    assert signature == OPEN_PLATFORM.signature(b"A", stamp, nonce)


def test_a_signed_address_signs_its_raw_content() -> None:
    parameters = OPEN_PLATFORM.form_parameters("缴费 A&b=c", dt.datetime(2017, 1, 1, 12, tzinfo=CHINA))
    assert parameters["authorization"] == "OPEN-FORM-PARAM"
    raw = parameters["content"].encode()
    assert parameters["signature"] == OPEN_PLATFORM.signature(raw, STAMP, parameters["nonce"])


def test_the_keys_are_never_shown() -> None:
    assert OPEN_PLATFORM.app_key not in repr(OPEN_PLATFORM)
    assert KEY not in repr(settings())


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("md5", "57f81baf8e3bae1190b26d6c733038af"),
        ("sha256", "a9eced8dd8425d1fc4047cf94e672c69ed1073557ee831c51287341cfab0b21f"),
    ],
)
def test_communication_key_signature_of_the_published_bill(algorithm: str, expected: str) -> None:
    fields = dict(pair.split("=", 1) for pair in BILL.split("&"))
    assert communication_signature(fields, KEY, algorithm) == expected
    assert communication_signature(fields | {"sign": "whatever"}, KEY, algorithm) == expected


def test_the_published_notify_is_genuine() -> None:
    assert connect(settings()).read_notify(published()) == "3194278460076848369664"


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_signatures_are_compared_whatever_their_case(case: object) -> None:
    assert callable(case)
    fields = published()
    assert connect(settings()).read_notify(fields | {"sign": case(fields["sign"])})


def test_the_published_notify_says_paid() -> None:
    order = an_order(mer_order_id="3194278460076848369664", amount=1)
    assert connect(settings()).report_of(published(), order) == Report(
        Trigger.SUCCEEDED, "notify", "4200001471202206211141496123",
        dt.datetime(2022, 6, 21, 17, 13, 4, tzinfo=CHINA), 1,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(published()))
def test_no_field_of_a_notify_can_be_changed_or_left_out(name: str) -> None:
    adapter, fields = connect(settings()), published()
    with pytest.raises(ForgedNotify):
        adapter.read_notify(fields | {name: fields[name] + "0"})
    with pytest.raises(ForgedNotify):
        adapter.read_notify({other: value for other, value in fields.items() if other != name})


def test_without_the_key_in_force_the_published_notify_is_forged() -> None:
    with pytest.raises(ForgedNotify):
        connect(settings(unionpay_communication_keys=("another key",))).read_notify(published())


def test_no_key_means_nothing_is_believed() -> None:
    with pytest.raises(ForgedNotify):
        connect(settings(unionpay_communication_keys=())).read_notify(published())


@pytest.mark.parametrize("algorithm", ["SHA512", "SHA1", "SHAKE_128", "nonsense", ""])
def test_other_algorithms_are_refused_even_when_the_signature_fits(algorithm: str) -> None:
    fields = published() | {"signType": algorithm}
    if algorithm in ("SHA512", "SHA1"):
        fields["sign"] = communication_signature(fields, KEY, algorithm.lower())
    with pytest.raises(ForgedNotify):
        connect(settings()).read_notify(fields)


@pytest.mark.parametrize("name", ["mid", "tid", "merOrderId", "totalAmount"])
def test_a_payment_that_is_not_our_orders_is_mispaid(name: str) -> None:
    order = an_order(mer_order_id="3194278460076848369664", amount=1)
    report = connect(settings()).report_of(published() | {name: "2"}, order)
    assert (report.trigger, report.failure_code) == (Trigger.MISPAID, "mispaid")


@pytest.mark.parametrize("keys", [(KEY, "another key"), ("another key", KEY)])
def test_any_of_two_keys_is_believed(keys: tuple[str, str]) -> None:
    assert connect(settings(unionpay_communication_keys=keys)).read_notify(published())


@pytest.mark.parametrize(("sign_type", "length"), [("MD5", 32), ("SHA256", 64)])
def test_the_page_of_the_older_route_is_signed_raw_with_the_first_key(sign_type: str, length: int) -> None:
    keys = (KEY, "another key")
    older = settings(
        unionpay_route=Route.COMMUNICATION_KEY, unionpay_sign_type=sign_type, unionpay_communication_keys=keys
    )
    address, _, query = connect(older).payment_page(an_order()).partition("?")
    fields = dict(parse_qsl(query, strict_parsing=True))
    assert address.endswith("/netpay-portal/webpay/pay.do")
    assert (fields["msgSrc"], fields["msgType"], fields["totalAmount"]) == (
        "WWW.TEST.COM",
        "WXPay.jsPay",
        "40000",
    )
    assert len(fields["sign"]) == length
    assert fields["sign"].lower() == communication_signature(fields, KEY, sign_type.lower())


def test_closed_after_a_full_refund_is_not_closed_unpaid() -> None:
    order = an_order(mer_order_id="3194278460076848369664", amount=1)
    report = connect(settings()).report_of(published() | {"status": "TRADE_CLOSED"}, order)
    assert (report.trigger, report.failure_code) == (Trigger.GIVEN_BACK, "given_back")
