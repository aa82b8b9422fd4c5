"""Tencent Cloud's request signature, TC3-HMAC-SHA256 (API 3.0)."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

SERVICE = "sms"
MAX_AGE_SECONDS = 300
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 "
    r"Credential=(?P<secret_id>[^/]+)/(?P<date>\d{4}-\d{2}-\d{2})/(?P<service>\w+)/tc3_request, ?"
    r"SignedHeaders=(?P<signed>[\w;-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class Unauthorised(Exception):
    """``code`` is Tencent's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = f"AuthFailure.{code}", message


def signature(
    secret_key: str,
    date: str,
    timestamp: str,
    signed_headers: str,
    headers: Mapping[str, str],
    body: bytes,
    service: str = SERVICE,
) -> str:
    """The hex signature of a POST to ``/``; ``headers`` are looked up by the names in ``signed_headers``."""
    canonical_headers = "".join(
        f"{name}:{headers[name].strip().lower()}\n" for name in signed_headers.split(";")
    )
    request = "\n".join(
        ("POST", "/", "", canonical_headers, signed_headers, hashlib.sha256(body).hexdigest())
    )
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join(("TC3-HMAC-SHA256", timestamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, secret_id: str, secret_key: str, now: float) -> None:
    """Check a request; ``headers`` have lower-case names. Raises ``Unauthorised``."""
    given = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if given is None or given["service"] != SERVICE:
        raise Unauthorised("InvalidAuthorization", "The Authorization header is malformed.")
    if given["secret_id"] != secret_id:
        raise Unauthorised("SecretIdNotFound", "The SecretId is not found.")
    timestamp = headers.get("x-tc-timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        raise Unauthorised("SignatureExpire", "The signature expired; check your local time.")
    names = given["signed"].split(";")
    if not {"content-type", "host"} <= set(names) or any(name not in headers for name in names):
        raise Unauthorised(
            "SignatureFailure", "The signed headers must be sent and include content-type and host."
        )
    if given["date"] != time.strftime("%Y-%m-%d", time.gmtime(int(timestamp))):
        raise Unauthorised("SignatureFailure", "The date of the credential does not fit X-TC-Timestamp.")
    expected = signature(secret_key, given["date"], timestamp, given["signed"], headers, body)
    if not hmac.compare_digest(expected, given["signature"]):
        raise Unauthorised("SignatureFailure", "The provided credentials could not be validated.")
