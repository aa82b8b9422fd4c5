"""Whoever names what is another payer's learns nothing, and is journalled (security.md 4)."""

from __future__ import annotations

from typing import Any, Protocol

from contract.audit import Act, Action, resident
from contract.errors import NotFound
from kit.audit import Acts
from services.gateway.usecases.ports import Ports


class Owned(Protocol):
    """What belongs to payers, as its table knows it."""

    def exists(self, tx: Any, wanted: str) -> bool: ...


def journal_foreign(payer_id: str, kind: str, wanted: str, owned: Owned, journal: Acts, ports: Ports) -> None:
    """Journal that a payer named what is not theirs. A draft that is over is nobody's: an old page of one's own is no
    act."""
    with ports.transactions.transaction() as tx:
        if owned.exists(tx, wanted):
            act = Act(resident(payer_id), Action.FOREIGN_ASKED, f"{kind}:{wanted}", NotFound.code)
            journal.add(tx, act, ports.clock.now())
