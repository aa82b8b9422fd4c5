"""The sandbox's clock: real time plus the development offset that the services' clock also honours."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """Seconds since the epoch, shifted by the number in ``offset_file`` when there is one."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> float:
        return time.time() + self._offset()

    def today(self) -> datetime:
        return moment(self.now())

    def _offset(self) -> float:
        if self._offset_file is None:
            return 0.0
        try:
            return float(self._offset_file.read_text().strip() or 0)
        except (OSError, ValueError):
            return 0.0


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, SHANGHAI)


def wire_time(seconds: float) -> str:
    """``yyyy-MM-dd HH:mm:ss`` in Shanghai, as UnionPay and the tax-bank subsystem write times."""
    return moment(seconds).strftime("%Y-%m-%d %H:%M:%S")


def read_wire_time(text: str) -> float:
    """The opposite of ``wire_time``; raises ``ValueError``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).timestamp()
