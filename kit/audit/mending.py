"""A sealed row that the application finds changed is put back before it is used: what an act wrote is believed, and not
the table."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection

from contract.audit import Act, Action, RowFault, system
from kit.audit import JOURNAL
from kit.audit.rows import Key, RowFinding, put_back
from kit.clock import SystemClock
from kit.seals import RowSeal

_log = logging.getLogger(__name__)


def mend(tx: Connection, seal: RowSeal, key: tuple[Any, ...], target: str) -> bool:
    """Put a row back as the newest act about `target` wrote it; False where no act that holds did. That it was changed
    is logged, and journalled with the transaction."""
    finding = RowFinding(RowFault.ALTERED, Key(seal.table.name, key))
    _log.error("a sealed row was changed behind the application's back", extra={"row": str(finding.key)})
    journal = JOURNAL.table.c
    about = JOURNAL.acts.where(journal.target == target, journal.rows.is_not(None))
    for act in tx.execute(about.order_by(journal.act_id.desc())).all():
        for row in reversed(JOURNAL.rows_of(act) if JOURNAL.holds(act) else []):
            if row.table == seal.table.name and tuple(row.values[name] for name in seal.key) == key:
                done = put_back(tx, finding, row, seal)
                told = {"row": str(finding.key), "fault": finding.fault.value, "from": act.act_id}
                JOURNAL.add(
                    tx,
                    Act(system("kit.audit"), Action.ROW_RESTORED, target, detail=told),
                    SystemClock().now(),
                )
                return done
    return False
