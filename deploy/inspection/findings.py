"""What an inspection says: sections of findings, each good, to be watched or bad."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from deploy.target import Target


class Level(enum.IntEnum):
    """How bad; also the exit status of the command, 0 to 2."""

    GOOD = 0
    WATCH = 1
    BAD = 2

    @property
    def label(self) -> str:
        return ("正常", "注意", "异常")[self]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    said: str


@dataclass(frozen=True)
class Section:
    """What belongs together on the page."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        return max((one.level for one in self.findings), default=Level.GOOD)


Check = Callable[[Target], Iterable[Finding]]


def good(subject: str, said: str) -> Finding:
    return Finding(Level.GOOD, subject, said)


def watch(subject: str, said: str) -> Finding:
    return Finding(Level.WATCH, subject, said)


def bad(subject: str, said: str) -> Finding:
    return Finding(Level.BAD, subject, said)


def graded(subject: str, said: str, value: float, watch_from: float, bad_from: float) -> Finding:
    """By how high a value is."""
    level = Level.BAD if value >= bad_from else Level.WATCH if value >= watch_from else Level.GOOD
    return Finding(level, subject, said)


def looked_at(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check, or that it could not be made: a database that is away is itself a finding."""
    try:
        yield from list(check())
    except (OSError, SQLAlchemyError) as error:
        yield bad(subject, f"无法检查（{type(error).__name__}）")


def ago(seconds: float) -> str:
    """A duration as it is said."""
    if seconds < 120:
        return f"{seconds:.0f} 秒"
    if seconds < 7200:
        return f"{seconds / 60:.0f} 分钟"
    return f"{seconds / 3600:.0f} 小时" if seconds < 172_800 else f"{seconds / 86_400:.0f} 天"
