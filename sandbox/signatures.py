"""The signatures of protocols section 1, and the check of a signed JSON body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
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


def communication_key_sign(fields: Mapping[str, str], key: str, sign_type: str) -> str:
    """Sorted raw ``k=v`` joined with ``&``, the key appended with no separator; MD5 or SHA256, upper hex."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign") + key
    return hashlib.new("sha256" if sign_type == "SHA256" else "md5", text.encode()).hexdigest().upper()


def verify_header(
    header: str, body: bytes, app_id: str, app_key: str, now: float, skew_seconds: float
) -> None:
    """Check an ``Authorization: OPEN-BODY-SIG …`` header; raises ``BadSignature``."""
    scheme, _, rest = header.partition(" ")
    if scheme != "OPEN-BODY-SIG":
        raise BadSignature("the Authorization header is not OPEN-BODY-SIG")
    given = dict(_HEADER_FIELD.findall(rest))
    verify_fields(
        {name.lower(): value for name, value in given.items()}, body, app_id, app_key, now, skew_seconds
    )


def verify_fields(
    given: Mapping[str, Any], body: bytes, app_id: str, app_key: str, now: float, skew_seconds: float
) -> None:
    """Check appid, timestamp, nonce and signature; a skew of 0 accepts any timestamp."""
    missing = [name for name in ("appid", "timestamp", "nonce", "signature") if not given.get(name)]
    if missing:
        raise BadSignature(f"missing {', '.join(missing)}")
    if given["appid"] != app_id:
        raise BadSignature("unknown AppId")
    expected = open_body_signature(app_key, app_id, given["timestamp"], given["nonce"], body)
    if not hmac.compare_digest(expected.encode(), str(given["signature"]).encode()):
        raise BadSignature("the signature does not fit the body")
    try:
        signed_at = datetime.strptime(given["timestamp"], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI).timestamp()
    except ValueError:
        raise BadSignature("the timestamp is not yyyyMMddHHmmss") from None
    if skew_seconds and abs(now - signed_at) > skew_seconds:
        raise BadSignature("the timestamp is too far from the clock")
