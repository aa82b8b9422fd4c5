"""Whoever names what is another's learns nothing, and is journalled (security.md 4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from contract.audit import Act, Action, resident
from contract.household import InsuredNotFound, MemberNotFound
from services.identity.usecases.wiring import Wiring


@contextlib.contextmanager
def journalled(w: Wiring, asker_id: str, target: str) -> Iterator[None]:
    """Journal that something was not the asker's, or was nobody's, and let the error go on."""
    try:
        yield
    except (MemberNotFound, InsuredNotFound) as refused:
        with w.database.transaction() as tx:
            act = Act(resident(asker_id), Action.FOREIGN_ASKED, target, refused.code)
            w.journal.add(tx, act, w.clock.now())
        raise
