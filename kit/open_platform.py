"""Request signing of UnionPay's open platform (protocols.md §1), which two of our services speak.

signature = base64(HMAC-SHA256(appKey, appId ‖ timestamp ‖ nonce ‖ sha256hex(body)))
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from kit.clock import china


@dataclass(frozen=True)
class OpenPlatformKey:
    """An application's credentials."""

    app_id: str
    app_key: str = field(repr=False)

    def signature(self, body: bytes, timestamp: str, nonce: str) -> str:
        """The signature of a body, base64."""
        text = self.app_id + timestamp + nonce + hashlib.sha256(body).hexdigest()
        return base64.b64encode(hmac.digest(self.app_key.encode(), text.encode(), "sha256")).decode()

    def authorization(self, body: bytes, now: dt.datetime) -> str:
        """The Authorization header of a POST (OPEN-BODY-SIG)."""
        timestamp, nonce = _stamp(now)
        signature = self.signature(body, timestamp, nonce)
        return (
            f'OPEN-BODY-SIG AppId="{self.app_id}", Timestamp="{timestamp}", Nonce="{nonce}", '
            f'Signature="{signature}"'
        )

    def form_parameters(self, content: str, now: dt.datetime) -> dict[str, str]:
        """The query parameters of a signed GET (OPEN-FORM-PARAM); the raw content is signed, then URL-encoded."""
        timestamp, nonce = _stamp(now)
        return {
            "authorization": "OPEN-FORM-PARAM", "appId": self.app_id, "timestamp": timestamp, "nonce": nonce,
            "content": content, "signature": self.signature(content.encode(), timestamp, nonce),
        }  # fmt: skip


def _stamp(now: dt.datetime) -> tuple[str, str]:
    return china(now).strftime("%Y%m%d%H%M%S"), secrets.token_hex(16)
