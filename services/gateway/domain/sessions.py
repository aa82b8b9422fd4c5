"""Sessions: who is calling, since when, on what, and for how long (security.md 3)."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from contract.people import Person
from contract.rights import CONSENT_VERSIONS, ConsentKind

PRIVACY_VERSION = CONSENT_VERSIONS[ConsentKind.PRIVACY]
"""Version of the privacy and authorisation text; a new text is agreed to anew."""

CARD_PHOTO_VERSION = CONSENT_VERSIONS[ConsentKind.CARD_PHOTO]
"""Version of the text about photos of cards, agreed to before each photo."""

_DEVICES = (
    ("miniprogram", "小程序"), ("iphone", "iPhone"), ("ipad", "iPad"), ("openharmony", "鸿蒙手机"),
    ("harmonyos", "鸿蒙手机"), ("android", "安卓手机"), ("windows", "电脑"), ("macintosh", "电脑"),
    ("x11", "电脑"),
)  # fmt: skip
"""What to look for in a User-Agent, in this order: mini programs name the phone too."""


def hash_of(token: str) -> bytes:
    """What the database knows of a session token."""
    return hashlib.sha256(token.encode()).digest()


def device_of(user_agent: str) -> str:
    """The kind of device, as coarse as its owner needs to recognise it."""
    agent = user_agent.lower()
    return next((device for mark, device in _DEVICES if mark in agent), "其他设备")


@dataclass(frozen=True)
class LoggedInPayer:
    """Who is logged in: the payer of everything the session does. `phone` is full."""

    person_id: str
    person: Person
    phone: str


@dataclass(frozen=True)
class RecalledPerson:
    """Who used this WeChat user last time: what the SMS page shows masked, and login sends whole."""

    person: Person
    phone: str
    consent_version: str


@dataclass(frozen=True)
class Session:
    """A WeChat user's session; `payer` is None until login.

    `recalled` is set while the SMS page is what login asks for, also of a payer who logs in again. `logged_in_at` is
    when the code was typed, which may be before this session began; `phone_version` is the phone's it went to.
    `card_consent_version` is the text about photos of cards that a visitor agreed to: recorded at the login.
    """

    token_hash: bytes
    openid: str
    csrf_token: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    payer: LoggedInPayer | None = None
    recalled: RecalledPerson | None = None
    logged_in_at: dt.datetime | None = None
    phone_version: int | None = None
    device: str | None = None
    challenge_id: str | None = None
    resend_at: dt.datetime | None = None
    consent_version: str | None = None
    consented_at: dt.datetime | None = None
    card_consent_version: str | None = None

    @property
    def session_id(self) -> str:
        """Names the session in lists; nobody gets in with it."""
        return hashlib.sha256(b"session" + self.token_hash).hexdigest()[:32]

    def alive(self, now: dt.datetime, idle: dt.timedelta, absolute: dt.timedelta) -> bool:
        """Neither idle for too long nor older than any session may get (security.md 3)."""
        return now - self.last_seen_at <= idle and now - self.created_at <= absolute
