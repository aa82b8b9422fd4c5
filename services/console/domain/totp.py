"""The second factor: time-based one-time passwords (RFC 6238, RFC 4226), as every authenticator app makes them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from urllib.parse import quote

STEP, DIGITS = 30, 6
_DRIFT = 1
"""Steps a phone's clock may be off."""


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of one step of 30 seconds since 1970."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    begins = digest[-1] & 0x0F
    number = int.from_bytes(digest[begins : begins + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(now: dt.datetime) -> int:
    return int(now.timestamp()) // STEP


def accepted_step(secret: str, typed: str, now: dt.datetime, after: int) -> int | None:
    """The step whose code was typed; None for a wrong one, and for one that was used: of steps up to `after` none is
    taken a second time."""
    plain = "".join(typed.split())
    for step in range(step_of(now) - _DRIFT, step_of(now) + _DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), plain.encode()):
            return step
    return None


def address_of(secret: str, account: str, issuer: str) -> str:
    """What the QR code says: otpauth:// with the secret, whose it is and what for."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP}"
