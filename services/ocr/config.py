"""Settings of the ocr service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """No database of its own yet."""

    service: ClassVar[str] = "ocr"

    database_url: str = ""
