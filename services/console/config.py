"""Settings of the console."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from kit.config import ServiceConfig, own, secret
from kit.crypto import KeyRing

CALLED = ("gateway", "identity", "contribution", "payment", "notify", "certificate")
"""The services the console calls for staff."""


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """Where staff open it, for how long a login holds, and the key it shares with each service it calls for them.

    `trusted_proxies` is how many reverse proxies append to X-Forwarded-For in front of us.
    """

    service: ClassVar[str] = "console"

    url: str = own()
    session_idle_seconds: int = own(default=900)
    session_absolute_seconds: int = own(default=8 * 3600)
    sessions_each: int = own(default=2)
    refusals_per_hour: int = own(default=30)
    trusted_proxies: int = own(default=0)
    gateway_staff_keys: str = secret()
    identity_staff_keys: str = secret()
    contribution_staff_keys: str = secret()
    payment_staff_keys: str = secret()
    notify_staff_keys: str = secret()
    certificate_staff_keys: str = secret()

    @property
    def https(self) -> bool:
        return self.url.startswith("https://")

    @property
    def session_idle(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.session_idle_seconds)

    @property
    def session_absolute(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.session_absolute_seconds)

    def staff_rings(self) -> Mapping[str, KeyRing]:
        """The key of every service that is called."""
        return {name: KeyRing.parse(getattr(self, f"{name}_staff_keys")) for name in CALLED}

    def problems(self) -> list[str]:
        problems = super().problems()
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.netloc or address.path.rstrip("/"):
            problems.append("CONSOLE_URL: expected http(s)://host[:port]")
        elif self.production and not self.https:
            problems.append("CONSOLE_URL: production needs https")
        if not 0 < self.session_idle_seconds <= self.session_absolute_seconds:
            problems.append("CONSOLE_SESSION_IDLE_SECONDS: must lie between 1 and the absolute limit")
        if min(self.sessions_each, self.refusals_per_hour) < 1:
            problems.append("CONSOLE_SESSIONS_EACH, CONSOLE_REFUSALS_PER_HOUR: must be at least 1")
        return problems
