"""How long a certificate or key still holds, and when somebody must see to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

SOON, LATER = 30, 90
"""Days: a new seal takes weeks to be made."""


@dataclass(frozen=True)
class Left:
    """`days` may be negative; `words` is Chinese, `grade` one of bad, warn, good."""

    days: int
    words: str
    grade: str


def days_left(expires: dt.date, today: dt.date) -> Left:
    """From today on."""
    days = (expires - today).days
    if days < 0:
        return Left(days, f"已过期{-days}天，请立即更换", "bad")
    if days <= SOON:
        return Left(days, f"还有{days}天，请立即办理更换", "bad")
    if days <= LATER:
        return Left(days, f"还有{days}天，请安排更换", "warn")
    return Left(days, f"还有{days}天", "good")
