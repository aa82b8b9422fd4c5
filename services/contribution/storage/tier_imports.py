"""Imports of tables on their way from a draft into force, and what was done with each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.engine import Row

from contract import schema
from contract.audit import Act, Action, staff
from contract.tiers import ImportAct, ImportState, Operator, TableChange, TierAct
from kit.audit import JOURNAL
from services.contribution.domain.tables import KeptImport, SheetTable
from services.contribution.models import tier_acts, tier_imports

_OF = tier_imports.c
_ACTIONS = {act: Action(f"tiers.{act.value}") for act in ImportAct}


class TierImportStorage:
    """Acts are only ever added."""

    def add(self, tx: Connection, kept: KeptImport) -> None:
        """A new draft."""
        tx.execute(insert(tier_imports).values(
            import_id=kept.import_id, pooling_code=kept.pooling_code, file_hash=kept.file_hash,
            state=kept.state.value, tables=[schema.dump(table) for table in kept.tables],
            compared_with=dict(kept.compared_with), changes=[schema.dump(change) for change in kept.changes],
            reason=kept.reason, submitted_by=kept.submitted_by, decided_by=kept.decided_by, created_at=kept.created_at,
        ))  # fmt: skip

    def find(self, tx: Connection, import_id: str, *, lock: bool = False) -> KeptImport | None:
        """An import; with `lock` nobody else decides about it until the transaction ends."""
        asked = select(tier_imports).where(_OF.import_id == import_id)
        row = tx.execute(asked.with_for_update() if lock else asked).one_or_none()
        return _kept(row) if row else None

    def find_draft(self, tx: Connection, submitted_by: str, file_hash: str) -> KeptImport | None:
        """An operator's newest draft of the same file."""
        asked = select(tier_imports).where(
            _OF.submitted_by == submitted_by, _OF.file_hash == file_hash, _OF.state == ImportState.DRAFT.value
        )
        row = tx.execute(asked.order_by(_OF.created_at.desc()).limit(1)).one_or_none()
        return _kept(row) if row else None

    def settle(self, tx: Connection, kept: KeptImport) -> None:
        """Keep state, reason and who decided."""
        changed = {"state": kept.state.value, "reason": kept.reason, "decided_by": kept.decided_by}
        tx.execute(update(tier_imports).where(_OF.import_id == kept.import_id).values(**changed))

    def list_newest(self, tx: Connection, prefix: str, operator_id: str, limit: int) -> Sequence[KeptImport]:
        """The imports whose pooling code begins so, newest first; of drafts only the operator's own."""
        visible = or_(_OF.state != ImportState.DRAFT.value, _OF.submitted_by == operator_id)
        asked = select(tier_imports).where(_OF.pooling_code.startswith(prefix, autoescape=True), visible)
        rows = tx.execute(asked.order_by(_OF.created_at.desc(), _OF.import_id).limit(limit)).all()
        return [_kept(row) for row in rows]

    def record(
        self, tx: Connection, import_id: str, act: ImportAct, operator: Operator, at: dt.datetime, note: str
    ) -> None:
        """One more line of an import's history."""
        tx.execute(insert(tier_acts).values(
            import_id=import_id, act=act.value, operator_id=operator.operator_id, operator_name=operator.name,
            pooling_code=operator.pooling_code, at=at, note=note,
        ))  # fmt: skip
        told = {"pooling": operator.pooling_code}
        JOURNAL.add(
            tx,
            Act(staff(operator.operator_id), _ACTIONS[act], f"import:{import_id}", purpose=note, detail=told),
            at,
        )

    def acts(self, tx: Connection, import_id: str) -> tuple[TierAct, ...]:
        """All that was done with an import, in order."""
        asked = select(tier_acts).where(tier_acts.c.import_id == import_id).order_by(tier_acts.c.act_id)
        return tuple(
            TierAct(
                ImportAct(row.act), row.operator_id, row.operator_name, row.pooling_code, row.at, row.note
            )
            for row in tx.execute(asked)
        )


def _kept(row: Row[Any]) -> KeptImport:
    return KeptImport(
        row.import_id, row.pooling_code, row.file_hash, ImportState(row.state),
        tuple(schema.load(SheetTable, table) for table in row.tables), row.compared_with,
        tuple(schema.load(TableChange, change) for change in row.changes), row.reason, row.submitted_by, row.decided_by,
        row.created_at,
    )  # fmt: skip
