"""Settings of the ocr service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.config import ServiceConfig, own

_ENGINES = ("rapidocr", "rapidocr-openvino", "tesseract")


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """`workers` processes read at once, each with `threads`; `room` requests may wait for them, none longer than
    `seconds`. No database: nothing is kept."""

    service: ClassVar[str] = "ocr"

    database_url: str = ""
    engine: str = own(default="rapidocr")
    workers: int = own(default=1)
    threads: int = own(default=1)
    room: int = own(default=8)
    seconds: int = own(default=13)

    def problems(self) -> list[str]:
        problems = super().problems()
        if self.engine not in _ENGINES:
            problems.append(f"OCR_ENGINE: expected one of {', '.join(_ENGINES)}")
        if min(self.workers, self.threads, self.seconds) < 1 or self.room < 0:
            problems.append("OCR_WORKERS, OCR_THREADS, OCR_ROOM, OCR_SECONDS: too small")
        return problems
