"""The audit journal: one table in every service's database, written with the act, chained soon after (docs/adr/0024).

journal = journal_table(metadata)                     in a service's models
self.journal.add(tx, Act("resident:…", Action.…, "order:…"), now)    in the transaction of the act
python -m kit.audit verify|anchors|list|restore       see kit/audit/__main__.py
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import pwd
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, Protocol

from contract.audit import OK, Act, Action
from kit.audit.journal import Journal
from kit.audit.tables import journal_table
from kit.seals import SealedRow
from kit.telemetry import working_from

__all__ = ["JOURNAL", "OK", "Act", "Action", "Acts", "Journal", "cli", "command_line", "journal_table"]

Given = ParamSpec("Given")

JOURNAL = Journal()
"""The journal of whichever database a transaction is of."""


class Acts(Protocol):
    """What use cases know of it."""

    def add(self, tx: Any, act: Act, now: dt.datetime, rows: Sequence[SealedRow] = ()) -> str: ...


def cli() -> str:
    """Whoever types a command, by the account this process runs under. The environment is not asked: it says what was
    typed into it."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # a container's user may have no name
        return f"cli:{os.getuid()}"


def command_line(main: Callable[Given, int]) -> Callable[Given, int]:
    """The `main` of a command line: every act in it says from which account of this machine it came, whoever it was
    told acts."""

    @functools.wraps(main)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> int:
        with working_from(cli()):
            return main(*args, **kwargs)

    return run
