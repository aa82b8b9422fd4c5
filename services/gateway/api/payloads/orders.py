"""Orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderWanted:
    """`reminder_phone` gets the result by SMS; left out, the login phone does. `journey_id` names the journey that gave
    the quote: it belongs to every order for somebody else, who then gets a reminder and is in the pick-list."""

    quote: str
    reminder_phone: str | None = None
    journey_id: str = ""
