"""What a payer sees of a refund (requirement 3.2.1.12). Served by payment, with the order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class ItemRefund:
    """退费 of some years of an item; `amount` in fen; `refunded_at` is None while the money is still on its way;
    `held_up` says that it did not go back by itself and staff see to it."""

    years: tuple[int, ...]
    amount: int
    requested_at: dt.datetime
    refunded_at: dt.datetime | None = None
    held_up: bool = False
