"""Sessions: who is calling, and for how long (security.md 3)."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from contract.people import Person

CONSENT_VERSION = "2026-11"
"""Version of the privacy and authorisation text; a new text is agreed to anew."""


def hash_of(token: str) -> bytes:
    """What the database knows of a session token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class LoggedInPayer:
    """Who is logged in: the payer of everything the session does. `phone` is full."""

    person_id: str
    person: Person
    phone: str


@dataclass(frozen=True)
class Session:
    """A WeChat user's session; `payer` is None until login."""

    token_hash: bytes
    openid: str
    csrf_token: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    payer: LoggedInPayer | None = None
    challenge_id: str | None = None
    resend_at: dt.datetime | None = None
    consent_version: str | None = None
    consented_at: dt.datetime | None = None

    def alive(self, now: dt.datetime, idle: dt.timedelta, absolute: dt.timedelta) -> bool:
        """Neither idle for too long nor older than any session may get (security.md 3)."""
        return now - self.last_seen_at <= idle and now - self.created_at <= absolute
