"""A day's file: when it is there, how it is written, and how it comes damaged."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from sandbox.world import World


def over(world: World, day: datetime, channel: str) -> bool:
    """Whether the day is over, or the channel's settings give its file ``early``."""
    ended = (day + timedelta(days=1)).timestamp() <= world.clock.now()
    return ended or bool(world.faults.effective()[channel]["early"])


def happens(seed: int, name: str, number: str, rate: float) -> bool:
    """Whether a break is planted in a line: the same in every download, whatever else is drawn."""
    digest = hashlib.sha256(f"{seed}:{name}:{number}".encode()).digest()
    return bool(int.from_bytes(digest[:8]) < rate * 2**64)


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as comma-separated text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def response(parts: Iterator[str], damage: str) -> Response:
    """The file, streamed; or what came of it: cut off, another heading, a web page, lines nobody can read."""
    if damage == "html":
        return Response("<html><body>系统维护中</body></html>\n", mimetype="text/html")
    if damage == "heading":
        return Response("a,b,c\n1,2,3\n", mimetype="text/csv")
    return Response(_damaged(parts, damage) if damage else parts, mimetype="text/csv")


def _damaged(parts: Iterator[str], damage: str) -> Iterator[str]:
    yield next(parts)
    if damage == "lines":
        yield 'x\n"never ends,1\n,,,,,,,,,,,,,,,,,,,,\n\x00\ufffd,2\n'
        yield from parts
        return
    rest = "".join(parts)
    yield rest[:-7] if rest else "2026-11"  # in the middle of its last line
