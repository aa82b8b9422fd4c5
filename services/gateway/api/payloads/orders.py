"""Orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderWanted:
    """`quote` as POST /quotes gave it. `reminder_phone` gets the result by SMS; left out, the login phone does."""

    quote: str
    reminder_phone: str | None = None
