"""Bytes of others at every door of the running system: refused in clear words, never a crash, never a leak.

`scripts/fuzz N` tries N of each instead of a few.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.system import EmbeddedSystem
from tests.contract.adapters.test_foreign_bytes import RECEIPTS, altered, anything, damaged
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "12")), derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

NOTIFY = {
    "payTime": "2026-11-26 09:30:00", "connectSys": "OPENCHANNEL", "sign": "0" * 32, "merName": "测试商户",
    "mid": "898340149000005", "tid": "88880001", "instMid": "YUEDANDEFAULT", "totalAmount": "40000",
    "merOrderId": "31942026112609300000000001", "targetSys": "WXPay", "status": "TRADE_SUCCESS", "signType": "SHA256",
    "notifyId": "e82a0275-f767-4f77-90c2-614c91222275", "seqId": "01120706230N", "buyerId": "oEndToEnd",
}  # fmt: skip
KINDS = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "text/plain", "application/json; charset=utf-7", "x" * 200, "",
)  # fmt: skip
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<<>>"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb0043") + bytes(range(64)) + b"\xff\xd9"
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    + JPEG
    + b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="../a.pdf"\r\n\r\n'
    + PDF
    + b"\r\n--x--\r\n"
)


@pytest.fixture(scope="module")
def payer(embedded_system: EmbeddedSystem) -> Iterator[Client]:
    """Somebody logged in; afterwards nothing in the log crashed."""
    log = embedded_system.state / "log" / "embedded.log"
    before = log.stat().st_size
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    client.log_in()
    yield client
    written = log.read_bytes()[before:].decode()
    assert " crashed" not in written, written[written.index(" crashed") - 300 :][:3000]
    assert client.someone.number not in written and client.someone.phone not in written


def _is_refused(answer: requests.Response, payer: Client) -> None:
    """Clearly, and with nothing about anybody or of how we are made."""
    assert answer.status_code < 500 or answer.status_code in (503, 504), (
        answer.status_code,
        answer.text[:300],
    )
    if answer.status_code >= 400 and answer.text != "FAILED":
        assert re.search("[一-鿿]", answer.text), answer.text[:300]
    for personal in (payer.someone.number, payer.someone.phone, "Traceback", "services/"):
        assert personal not in answer.text


def test_notifies_of_unionpay(embedded_system: EmbeddedSystem, payer: Client) -> None:
    url = f"http://127.0.0.1:{embedded_system.settings.ports.service('payment')}/notify/unionpay"

    @fuzz
    @given(
        st.binary(max_size=200) | damaged(urlencode(NOTIFY).encode()) | altered(NOTIFY),
        st.sampled_from(KINDS),
    )
    def sent(content: Any, kind: str) -> None:
        body = content if isinstance(content, bytes) else _form(content)
        posted = requests.post(url, data=body, headers={"Content-Type": kind}, timeout=60)
        asked = requests.get(
            url, params=body if isinstance(body, str) else body.decode("latin-1"), timeout=60
        )
        for answer in (posted, asked):
            _is_refused(answer, payer)
            assert answer.status_code != requests.codes.ok, "nobody but UnionPay can sign"

    sent()


@pytest.mark.parametrize("provider", ["tencent", "aliyun", "unheard-of"])
def test_receipts_of_sms_providers(provider: str, embedded_system: EmbeddedSystem, payer: Client) -> None:
    base = f"http://127.0.0.1:{embedded_system.settings.ports.service('notify')}/receipts/{provider}"
    url = f"{base}/{embedded_system.settings.secrets['SMS_RECEIPT_TOKEN']}"
    right = RECEIPTS.get(provider, RECEIPTS["tencent"])

    @fuzz
    @given(st.binary(max_size=200) | damaged(json.dumps(right).encode()) | altered(right) | anything)
    def sent(content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content)
        _is_refused(requests.post(url, data=body, timeout=60), payer)
        stranger = requests.post(f"{base}/guessed", data=body, timeout=60)
        _is_refused(stranger, payer)
        assert stranger.status_code == requests.codes.not_found

    sent()


@pytest.mark.parametrize(
    "path", ["/orders", "/login-codes", "/enrolments", "/contributions", "/batches", "/household"]
)
def test_bodies_of_programs(path: str, payer: Client) -> None:
    right = {
        "quote": "A" * 40,
        "name": "韦秀兰",
        "insured": {"pick_id": "x"},
        "period_from": "202601",
        "people": [{}],
    }

    @fuzz
    @given(
        st.binary(max_size=200) | damaged(json.dumps(right).encode()) | altered(right) | anything,
        st.sampled_from(KINDS),
    )
    def sent(content: Any, kind: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content)
        headers = {
            "Authorization": f"Bearer {payer.token}", "Content-Type": kind, "Idempotency-Key": "foreign-bytes",
        }  # fmt: skip
        _is_refused(requests.post(payer.api + path, data=body, headers=headers, timeout=60), payer)

    sent()


@pytest.mark.parametrize(
    "path",
    ["/check", "/check/file", "/text-size", "/login/code", "/insured", "/cards/login", "/no/such/page"],
)
def test_forms_and_uploads_of_pages(path: str, payer: Client) -> None:
    site = payer.api.removesuffix("/api/v1")

    @fuzz
    @given(
        st.binary(max_size=200) | damaged(MULTIPART) | damaged(b"number=1&code=2&csrf=x&back=/menu"),
        st.sampled_from(KINDS),
    )
    def sent(content: bytes, kind: str) -> None:
        answer = requests.post(
            site + path, data=content, headers={"Content-Type": kind}, cookies={"session": payer.token},
            allow_redirects=False, timeout=60,
        )  # fmt: skip
        _is_refused(answer, payer)

    sent()


@pytest.mark.parametrize("path", ["/ocr/idcard", "/certificate-file-checks", "/schools/none/rolls"])
def test_uploads_of_programs(path: str, payer: Client) -> None:
    @fuzz
    @given(damaged(JPEG) | damaged(PDF), st.booleans())
    def sent(content: bytes, raw: bool) -> None:
        text = base64.b64encode(content).decode()
        body = {"image": text, "content": text, "period_from": "202601", "period_to": "202612"}
        headers = {"Authorization": f"Bearer {payer.token}"}
        kinds = (
            {"data": MULTIPART, "headers": headers | {"Content-Type": KINDS[2]}}
            if raw
            else {"json": body, "headers": headers}
        )
        _is_refused(requests.post(payer.api + path, timeout=60, **kinds), payer)

    sent()


def _form(fields: Any) -> str:
    return urlencode({str(name): str(value) for name, value in fields.items()}, errors="replace")
