"""The journal as a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.audit import Act, Action
from kit.seals import SealedRow


@dataclass
class FakeJournal:
    """What was journalled, in its order. It is not rolled back: tests of rollbacks use a database."""

    acts: list[Act] = field(default_factory=list)

    def add(self, tx: Any, act: Act, now: dt.datetime, rows: Sequence[SealedRow] = ()) -> str:
        self.acts.append(act)
        return str(len(self.acts))

    def of(self, action: Action) -> list[Act]:
        """Those of one kind."""
        return [act for act in self.acts if act.action is action]
