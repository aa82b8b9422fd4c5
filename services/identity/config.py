"""Settings of the identity service."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig, own
from services.identity.domain.codes import CodeRules

_LONGEST_LIFE = 600


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """How long codes live and how often they may be asked for. Caps count within 24 hours of the first."""

    service: ClassVar[str] = "identity"

    code_valid_seconds: int = own(default=300)
    code_resend_seconds: int = own(default=60)
    code_tries: int = own(default=5)
    codes_per_phone: int = own(default=10)
    codes_per_document: int = own(default=10)
    codes_per_openid: int = own(default=20)
    codes_per_ip: int = own(default=5000)
    """Mobile operators put thousands of people behind one address."""
    household_limit: int = own(default=50)
    deletion_days: int = own(default=15)
    """How long a person may take back the wish to be forgotten."""

    @property
    def deletion_after(self) -> dt.timedelta:
        """The same as the use cases take it."""
        return dt.timedelta(days=self.deletion_days)

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
        )

    def problems(self) -> list[str]:
        """Also refuses codes that live longer than ten minutes (security.md 1) and limits below one."""
        found = super().problems()
        if not 0 < self.code_valid_seconds <= _LONGEST_LIFE:
            found.append(f"IDENTITY_CODE_VALID_SECONDS must be 1 to {_LONGEST_LIFE}")
        for name in ("code_resend_seconds", "code_tries", "codes_per_phone", "codes_per_document",
                     "codes_per_openid", "codes_per_ip", "household_limit", "deletion_days"):  # fmt: skip
            if getattr(self, name) < 1:
                found.append(f"IDENTITY_{name.upper()} must be at least 1")
        return found
