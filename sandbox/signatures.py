"""The signatures of protocols section 1, and the check of a signed JSON body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.clock import SHANGHAI

_HEADER_FIELD = re.compile(r'(\w+)="([^"]*)"')


class BadSignature(Exception):
    """The request is not signed as the protocol asks; the message is for the caller's log."""


def open_body_signature(app_key: str, app_id: str, timestamp: str, nonce: str, body: bytes) -> str:
    """OPEN-BODY-SIG and OPEN-FORM-PARAM: base64(HMAC-SHA256(key, appId+timestamp+nonce+sha256hex(body)))."""
    text = app_id + timestamp + nonce + hashlib.sha256(body).hexdigest()
    return base64.b64encode(hmac.new(app_key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def communication_key_sign(fields: Mapping[str, Any], key: str, sign_type: str) -> str:
    """Sorted raw ``k=v`` joined with ``&``, the key appended with no separator; MD5 or SHA256, upper hex.

    A value that is not text is signed as compact JSON [A].
    """
    text = "&".join(f"{name}={_raw(fields[name])}" for name in sorted(fields) if name != "sign") + key
    return hashlib.new("sha256" if sign_type == "SHA256" else "md5", text.encode()).hexdigest().upper()


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def verify_communication_key(fields: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Check ``sign``, by any of the keys; MD5 without a ``signType``. Raises ``BadSignature``."""
    sign_type, sign = fields.get("signType") or "MD5", str(fields.get("sign", "")).upper().encode()
    if sign_type not in ("MD5", "SHA256"):
        raise BadSignature("signType is neither MD5 nor SHA256")
    expected = [communication_key_sign(fields, key, sign_type).encode() for key in keys]
    if not any(hmac.compare_digest(one, sign) for one in expected):
        raise BadSignature("sign does not fit the fields")


def verify_header(
    header: str, body: bytes, app_id: str, app_keys: Sequence[str], now: float, skew_seconds: float
) -> None:
    """Check an ``Authorization: OPEN-BODY-SIG …`` header; raises ``BadSignature``."""
    scheme, _, rest = header.partition(" ")
    if scheme != "OPEN-BODY-SIG":
        raise BadSignature("the Authorization header is not OPEN-BODY-SIG")
    given = dict(_HEADER_FIELD.findall(rest))
    verify_fields(
        {name.lower(): value for name, value in given.items()}, body, app_id, app_keys, now, skew_seconds
    )


def verify_fields(
    given: Mapping[str, Any],
    body: bytes,
    app_id: str,
    app_keys: Sequence[str],
    now: float,
    skew_seconds: float,
) -> None:
    """Check appid, timestamp, nonce and signature by any of the keys; a skew of 0 accepts any timestamp."""
    missing = [name for name in ("appid", "timestamp", "nonce", "signature") if not given.get(name)]
    if missing:
        raise BadSignature(f"missing {', '.join(missing)}")
    if given["appid"] != app_id:
        raise BadSignature("unknown AppId")
    signature = str(given["signature"]).encode()
    expected = [
        open_body_signature(key, app_id, given["timestamp"], given["nonce"], body) for key in app_keys
    ]
    if not any(hmac.compare_digest(one.encode(), signature) for one in expected):
        raise BadSignature("the signature does not fit the body")
    try:
        signed_at = datetime.strptime(given["timestamp"], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI).timestamp()
    except ValueError:
        raise BadSignature("the timestamp is not yyyyMMddHHmmss") from None
    if skew_seconds and abs(now - signed_at) > skew_seconds:
        raise BadSignature("the timestamp is too far from the clock")
