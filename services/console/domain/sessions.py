"""Sessions of the staff: how far a login has come, and for how long it holds (security.md 3)."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import secrets
from dataclasses import dataclass

from services.console.domain.accounts import Account

HALFWAY = dt.timedelta(minutes=10)
"""How long somebody may take between password and second factor."""


class Stage(enum.StrEnum):
    """password: the password was right, and no more · full: the second factor too."""

    PASSWORD = "password"  # noqa: S105 - a stage
    FULL = "full"


@dataclass(frozen=True)
class Session:
    """One browser's session. `offered` is the second factor's secret while it is being enrolled."""

    token_hash: bytes
    account: Account
    stage: Stage
    csrf_token: str
    offered: str
    address: str
    created_at: dt.datetime
    last_seen_at: dt.datetime

    def alive(self, now: dt.datetime, idle: dt.timedelta, absolute: dt.timedelta) -> bool:
        """Neither idle for too long nor older than any may get; one that is half way has less time."""
        if self.stage is Stage.PASSWORD:
            return now - self.created_at <= HALFWAY
        return now - self.last_seen_at <= idle and now - self.created_at <= absolute


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What the database knows of a session token."""
    return hashlib.sha256(token.encode()).digest()
