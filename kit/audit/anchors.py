"""Anchors: where a chain stood at a moment, kept where the database's owner cannot reach. Whoever shortens a journal,
or writes it anew with stolen keys, contradicts them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from kit.audit.journal import BEGINNING, Journal, Position
from kit.audit.tables import ANCHORED, CHAINED


class Anchor(NamedTuple):
    """One line of an anchor file."""

    service: str
    sequence: int
    link: bytes
    at: str


class BadAnchors(ValueError):
    """A file that cannot be read as anchors."""


def due(tx: Connection, journal: Journal, now: dt.datetime, every: dt.timedelta) -> bool:
    """Whether the chain has grown since the last anchor, and that was long ago."""
    with_mark = journal.marked_at(tx, ANCHORED)
    grown = journal.mark(tx, CHAINED).sequence > journal.mark(tx, ANCHORED).sequence
    return grown and (with_mark is None or now - with_mark >= every)


def export(tx: Connection, journal: Journal, service: str, to: Path, now: dt.datetime) -> Anchor | None:
    """Add the chain's present end to the service's file in a directory; None where nothing is chained yet, or while
    another replica does it. Raises OSError."""
    claimed = journal.claim_mark(tx, ANCHORED, now)
    end: Position = journal.mark(tx, CHAINED)
    if claimed is None or end == BEGINNING:
        return None
    anchor = Anchor(service, end.sequence, end.link, now.isoformat())
    to.mkdir(parents=True, exist_ok=True)
    with (to / f"{service}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(anchor._asdict() | {"link": end.link.hex()}) + "\n")
    journal.set_mark(tx, ANCHORED, end, now)
    return anchor


def read(path: Path, service: str) -> Iterator[Anchor]:
    """A service's anchors from its file, or from its file in a directory. Raises BadAnchors, OSError."""
    file = path / f"{service}.jsonl" if path.is_dir() else path
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            told = json.loads(line)
            anchor = Anchor(told["service"], int(told["sequence"]), bytes.fromhex(told["link"]), told["at"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadAnchors(f"{file}:{number}") from error
        if anchor.service == service:
            yield anchor
