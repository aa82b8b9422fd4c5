"""Aliyun's RPC signature, HMAC-SHA1 (protocols section 6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

MAX_AGE_SECONDS = 900


class Unauthorised(Exception):
    """``code`` is Aliyun's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """The base64 signature of all parameters but ``Signature``."""

    def encoded(text: str) -> str:
        return quote(text, safe="~").replace("+", "%20")

    query = "&".join(
        f"{encoded(name)}={encoded(value)}"
        for name, value in sorted(parameters.items())
        if name != "Signature"
    )
    text = f"{method}&%2F&{encoded(query)}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def verify(method: str, parameters: Mapping[str, str], key_id: str, secret: str, now: float) -> None:
    """Check a call. Raises ``Unauthorised``."""
    if parameters.get("AccessKeyId") != key_id:
        raise Unauthorised("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    try:
        at = datetime.strptime(parameters.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Unauthorised("InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
    if abs(now - at.timestamp()) > MAX_AGE_SECONDS:
        raise Unauthorised("InvalidTimeStamp.Expired", "Specified time stamp is expired.")
    if parameters.get("SignatureMethod") != "HMAC-SHA1" or not parameters.get("SignatureNonce"):
        raise Unauthorised("SignatureDoesNotMatch", "HMAC-SHA1 and a nonce are required.")
    expected = signature(method, parameters, secret)
    if not hmac.compare_digest(expected, parameters.get("Signature", "")):
        raise Unauthorised(
            "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."
        )
