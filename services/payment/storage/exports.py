"""Who downloaded what (security.md 12)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select, update

from contract import schema
from contract.paid_for_others import BeginExport, EndExport
from services.payment.models import exports


class ExportStorage:
    """Downloads, each written when it begins and once more when it ends."""

    def begin(self, tx: Connection, export_id: str, request: BeginExport, now: dt.datetime) -> None:
        tx.execute(
            exports.insert(),
            {"export_id": export_id, "person_id": request.operator.person_id, "format": request.format.value,
             "filter": schema.dump(request.wanted), "begun_at": now},
        )  # fmt: skip

    def end(self, tx: Connection, request: EndExport, now: dt.datetime) -> bool:
        """Write down how it ended, unless that is written; False when this person has no such download."""
        mine = (exports.c.export_id == request.export_id) & (exports.c.person_id == request.person_id)
        open_ = update(exports).where(mine, exports.c.ended_at.is_(None))
        tx.execute(open_.values(ended_at=now, rows=request.rows, complete=request.complete))
        return tx.execute(select(exports.c.export_id).where(mine)).first() is not None
