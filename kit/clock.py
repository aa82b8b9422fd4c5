"""Time as an argument: services ask a Clock, tests set one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""The only zone a resident ever sees; everything stored and sent is UTC or carries its offset."""


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> dt.datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class OffsetClock:
    """The machine's clock moved by the seconds written in a file, so that a test can move a running system's
    time. Development only: config refuses the file in production."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> dt.datetime:
        try:
            offset = float(self._path.read_text().strip() or 0)
        except FileNotFoundError:
            offset = 0.0
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=offset)


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now

    def now(self) -> dt.datetime:
        return self._now

    def advance(self, **duration: float) -> None:
        """Move forward, e.g. `advance(minutes=31)`."""
        self._now += dt.timedelta(**duration)


def china(moment: dt.datetime) -> dt.datetime:
    """A moment as a resident reads it."""
    return moment.astimezone(CHINA)


def china_text(moment: dt.datetime) -> str:
    """e.g. 2026年11月23日 08时05分."""
    local = china(moment)
    return f"{date_text(local)} {local.hour:02d}时{local.minute:02d}分"


def date_text(day: dt.date) -> str:
    """e.g. 2026年11月23日."""
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"
