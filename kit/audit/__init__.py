"""The audit journal: one table in every service's database, written with the act, chained soon after (docs/adr/0024).

journal = journal_table(metadata)                     in a service's models
self.journal.add(tx, Act("resident:…", Action.…, "order:…"), now)    in the transaction of the act
python -m kit.audit verify|anchors|list|restore       see kit/audit/__main__.py
"""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Sequence
from typing import Any, Protocol

from contract.audit import OK, Act, Action
from kit.audit.journal import Journal
from kit.audit.tables import journal_table
from kit.seals import SealedRow

__all__ = ["JOURNAL", "OK", "Act", "Action", "Acts", "Journal", "cli", "journal_table"]

JOURNAL = Journal()
"""The journal of whichever database a transaction is of."""


class Acts(Protocol):
    """What use cases know of it."""

    def add(self, tx: Any, act: Act, now: dt.datetime, rows: Sequence[SealedRow] = ()) -> str: ...


def cli() -> str:
    """Whoever types a command, by the account of this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "cli:"
