"""Signing for UnionPay's open platform (protocols.md §1)."""

from __future__ import annotations

import datetime as dt
import re

from kit.open_platform import OpenPlatformKey

KEY = OpenPlatformKey("12345678901234567890123456789012", "67890123456789012345678901234567")
NOW = dt.datetime(2026, 11, 23, 0, 5, 9, tzinfo=dt.UTC)


def test_the_published_vector() -> None:
    signature = KEY.signature(b"A", "20170101120000", "09876543210987654321098765432109")
    assert signature == "GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08="


def test_a_post_is_signed_in_its_header_with_beijing_time() -> None:
    body = '{"merOrderId":"3194…"}'.encode()
    header = KEY.authorization(body, NOW)
    match = re.fullmatch(
        r'OPEN-BODY-SIG AppId="(.*?)", Timestamp="(\d{14})", Nonce="(.*?)", Signature="(.*?)"', header
    )
    assert match is not None
    app_id, timestamp, nonce, signature = match.groups()
    assert (app_id, timestamp) == (KEY.app_id, "20261123080509")
    assert signature == KEY.signature(body, timestamp, nonce)


def test_a_get_signs_the_raw_content() -> None:
    content = '{"orderDesc":"城乡居民医疗保险 & 养老"}'
    parameters = KEY.form_parameters(content, NOW)
    assert parameters["authorization"] == "OPEN-FORM-PARAM"
    assert parameters["content"] == content
    assert parameters["signature"] == KEY.signature(
        content.encode(), parameters["timestamp"], parameters["nonce"]
    )


def test_no_two_requests_share_a_nonce() -> None:
    nonces = {KEY.form_parameters("{}", NOW)["nonce"] for _ in range(50)}
    assert len(nonces) == 50


def test_the_key_is_not_shown() -> None:
    assert KEY.app_key not in repr(KEY)
