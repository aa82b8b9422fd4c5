"""What the console's use cases work with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from kit.audit import Act, Action, Journal
from kit.clock import Clock
from kit.database import Transactions
from kit.seals import SealedRow
from services.console.adapters.base import Hasher


@dataclass(frozen=True)
class Wiring:
    """`accounts`, `sessions` and `refusals` are the storages of those names, or fakes of them."""

    database: Transactions
    accounts: Any
    sessions: Any
    refusals: Any
    hasher: Hasher
    journal: Journal
    clock: Clock
    sessions_each: int
    refusals_per_hour: int

    def note(
        self, tx: Any, actor: str, action: Action, account: str, now: dt.datetime, rows: tuple[SealedRow, ...] = (),
        result: str = "ok", **detail: str | int,
    ) -> None:  # fmt: skip
        """Write an act down, in the transaction that does it."""
        self.journal.add(tx, Act(actor, action, f"account:{account}", result, detail=detail), now, rows)
