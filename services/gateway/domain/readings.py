"""A card being read beside its request."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.ocr import CardReading


class ReadingState(enum.StrEnum):
    """How far a reading is."""

    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Reading:
    """`owner` is the caller that may ask for it; `problem` the code of what went wrong, or empty. No photo is in it."""

    reading_id: str
    owner: str
    state: ReadingState
    begun_at: dt.datetime
    card: CardReading | None
    problem: str
