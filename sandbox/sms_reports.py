"""What a carrier says of a message, as every provider tells it in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PENDING, DONE, LOST = "pending", "done", "lost"


@dataclass(frozen=True)
class Report:
    """What became of one message. ``known``: the carrier has said so by now."""

    serial: str
    phone: str
    context: str
    sent_at: float
    at: float
    failure: str
    known: bool
    segments: int
    template_id: str
    text: str


def report(row: Any, now: float) -> Report:
    """One message and its report as one."""
    return Report(
        row["serial_no"],
        row["phone"],
        row["session_context"],
        row["sent_at"],
        row["at"],
        row["failure"],
        row["at"] <= now,
        row["segments"],
        row["template_id"],
        row["text"],
    )
