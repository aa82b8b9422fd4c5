"""Settings of the contribution service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig, outside, secret


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """The tax–bank subsystem and the key that seals quotes; times in seconds."""

    service: ClassVar[str] = "contribution"

    taxbank_url: str = outside()
    taxbank_app_id: str
    taxbank_app_key: str = secret()
    taxbank_timeout: float = 9.0
    quote_keys: str = secret()
    quote_valid_for: int = 900
