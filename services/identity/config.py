"""Settings of the identity service."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig, outside, own, own_secret, secret
from services.identity.domain.codes import CodeRules

_LONGEST_LIFE = 600
_LONGEST_REALNAME_TIMEOUT = 4.0


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """The 移动办税实名库, how long codes live, how often they may be asked for and guessed at.

    Caps on codes count within 24 hours of the first, caps on wrong guesses within `guess_window_seconds`.
    """

    service: ClassVar[str] = "identity"

    staff_keys: str = own_secret()
    realname_url: str = outside()
    realname_app_id: str
    realname_app_key: str = secret()
    realname_timeout: float = 2.0
    """Seconds; the gateway waits six for who a visitor is (contract.identity.recall_visitor)."""
    login_reuse_seconds: int = own(default=1800)
    """The half hour of requirement 3.2.1.2."""
    code_valid_seconds: int = own(default=300)
    code_resend_seconds: int = own(default=60)
    code_tries: int = own(default=5)
    codes_per_phone: int = own(default=10)
    codes_per_document: int = own(default=10)
    codes_per_openid: int = own(default=20)
    codes_per_ip: int = own(default=5000)
    """Mobile operators put thousands of people behind one address."""
    guess_window_seconds: int = own(default=1800)
    guesses_per_phone: int = own(default=10)
    guesses_per_document: int = own(default=10)
    guesses_per_openid: int = own(default=20)
    guesses_per_ip: int = own(default=500)
    household_limit: int = own(default=50)
    deletion_days: int = own(default=15)
    """How long a person may take back the wish to be forgotten."""

    @property
    def deletion_after(self) -> dt.timedelta:
        """The same as the use cases take it."""
        return dt.timedelta(days=self.deletion_days)

    @property
    def login_reuse(self) -> dt.timedelta:
        """The same as the use cases take it."""
        return dt.timedelta(seconds=self.login_reuse_seconds)

    @property
    def code_rules(self) -> CodeRules:
        """The rules as the use cases take them."""
        return CodeRules(
            valid_for=dt.timedelta(seconds=self.code_valid_seconds),
            resend_after=dt.timedelta(seconds=self.code_resend_seconds),
            tries=self.code_tries,
            per_phone=self.codes_per_phone,
            per_document=self.codes_per_document,
            per_openid=self.codes_per_openid,
            per_network=self.codes_per_ip,
            guess_window=dt.timedelta(seconds=self.guess_window_seconds),
            guesses_per_phone=self.guesses_per_phone,
            guesses_per_document=self.guesses_per_document,
            guesses_per_openid=self.guesses_per_openid,
            guesses_per_network=self.guesses_per_ip,
        )

    def problems(self) -> list[str]:
        """Also refuses codes that live longer than ten minutes (security.md 1) and limits below one."""
        found = super().problems()
        if not 0 < self.code_valid_seconds <= _LONGEST_LIFE:
            found.append(f"IDENTITY_CODE_VALID_SECONDS must be 1 to {_LONGEST_LIFE}")
        if not 0 < self.realname_timeout <= _LONGEST_REALNAME_TIMEOUT:
            found.append(f"REALNAME_TIMEOUT must be more than 0 and at most {_LONGEST_REALNAME_TIMEOUT}")
        for name in ("code_resend_seconds", "code_tries", "codes_per_phone", "codes_per_document",
                     "codes_per_openid", "codes_per_ip", "guess_window_seconds", "guesses_per_phone",
                     "guesses_per_document", "guesses_per_openid", "guesses_per_ip", "login_reuse_seconds",
                     "household_limit", "deletion_days"):  # fmt: skip
            if getattr(self, name) < 1:
                found.append(f"IDENTITY_{name.upper()} must be at least 1")
        return found
