"""What a chart of amounts is drawn from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One bar: `amount` in fen, of so many contributions."""

    label: str
    amount: int
    lines: int
