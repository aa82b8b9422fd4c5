"""The only code that queries batches and their lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from contract import schema
from kit.database import insert_or_ignore
from services.gateway.domain.batches import Batch, BatchState, Line, LineState, Progress, Terms
from services.gateway.models import batch_lines, batches
from services.gateway.storage.journeys import draft_of


class Batches:
    """Batches of payers; another payer's batch is not found. A line is written apart from all others, so that answers
    and edits about different people never meet."""

    def find(self, tx: Connection, payer_id: str, batch_id: str) -> Batch | None:
        return self._one(tx, (batches.c.batch_id == batch_id) & (batches.c.payer_id == payer_id))

    def exists(self, tx: Connection, wanted: str) -> bool:
        """Whether there is such a batch, whoever's it is."""
        return tx.execute(select(batches.c.batch_id).where(batches.c.batch_id == wanted)).first() is not None

    def find_open(self, tx: Connection, payer_id: str, updated_since: dt.datetime) -> Batch | None:
        """The payer's open batch, unless it is too old to be gone on with."""
        t = batches.c
        mine = (t.payer_id == payer_id) & (t.state == BatchState.OPEN) & (t.updated_at >= updated_since)
        return self._one(tx, mine)

    def find_of_order(self, tx: Connection, payer_id: str, order_id: str) -> Batch | None:
        """The batch that became this order."""
        return self._one(tx, (batches.c.order_id == order_id) & (batches.c.payer_id == payer_id))

    def leave_open(self, tx: Connection, payer_id: str, now: dt.datetime) -> None:
        """The payer's open batch, if any, is no longer the one to go on with."""
        mine = (batches.c.payer_id == payer_id) & (batches.c.state == BatchState.OPEN)
        left = {"state": BatchState.LEFT, "version": batches.c.version + 1, "updated_at": now}
        tx.execute(update(batches).where(mine).values(left))

    def add(self, tx: Connection, batch: Batch) -> bool:
        """False when another request opened one at the same moment."""
        return insert_or_ignore(tx, batches, batch_id=batch.batch_id, **_batch_values(batch))

    def save(self, tx: Connection, batch: Batch) -> Batch | None:
        """Write the batch if nobody did since it was read; None when somebody did."""
        newer = replace(batch, version=batch.version + 1)
        same = (batches.c.batch_id == batch.batch_id) & (batches.c.version == batch.version)
        done = tx.execute(update(batches).where(same).values(**_batch_values(newer)))
        return newer if done.rowcount else None

    def touch(self, tx: Connection, batch_id: str, now: dt.datetime) -> bool:
        """Keep others from adding to or asking about a batch until the transaction ends, and note that it is in use;
        False when it is not open."""
        open_ = (batches.c.batch_id == batch_id) & (batches.c.state == BatchState.OPEN)
        return bool(tx.execute(update(batches).where(open_).values(updated_at=now)).rowcount)

    def lines(self, tx: Connection, batch_id: str) -> list[Line]:
        """In the order they were added."""
        t = batch_lines.c
        rows = tx.execute(select(batch_lines).where(t.batch_id == batch_id).order_by(t.position))
        return [_line(row) for row in rows]

    def find_line(self, tx: Connection, batch_id: str, line_id: str) -> Line | None:
        same = (batch_lines.c.line_id == line_id) & (batch_lines.c.batch_id == batch_id)
        row = tx.execute(select(batch_lines).where(same)).one_or_none()
        return None if row is None else _line(row)

    def add_lines(self, tx: Connection, lines: Iterable[Line]) -> None:
        rows = [{"line_id": line.line_id, **_line_values(line)} for line in lines]
        if rows:
            tx.execute(insert(batch_lines), rows)

    def save_line(self, tx: Connection, line: Line) -> Line | None:
        """Write the line if nobody did since it was read; None when somebody did, or it was removed."""
        newer = replace(line, version=line.version + 1)
        same = (batch_lines.c.line_id == line.line_id) & (batch_lines.c.version == line.version)
        done = tx.execute(update(batch_lines).where(same).values(**_line_values(newer)))
        return newer if done.rowcount else None

    def remove_line(self, tx: Connection, batch_id: str, line_id: str) -> bool:
        same = (batch_lines.c.line_id == line_id) & (batch_lines.c.batch_id == batch_id)
        return bool(tx.execute(delete(batch_lines).where(same)).rowcount)

    def progress(self, tx: Connection, batch_id: str, asked_since: dt.datetime) -> Progress:
        """Counted without reading any draft: the page that waits asks often."""
        t = batch_lines.c
        columns = select(t.line_id, t.state, t.asked_at).where(t.batch_id == batch_id).order_by(t.position)
        rows = tx.execute(columns).all()
        waiting = [row for row in rows if row.state == LineState.WAITING]
        asking = [row for row in waiting if row.asked_at is not None and row.asked_at > asked_since]
        return Progress(len(rows), len(waiting), len(asking), asking[0].line_id if asking else "")

    def claim_line(
        self, tx: Connection, batch_id: str, now: dt.datetime, asked_since: dt.datetime, most: int
    ) -> Line | None:
        """The next line to be asked about, now asked by the caller; None when there is none, when so many are asked
        about already, or when the batch is over. The batch is locked, so that nobody claims the same."""
        if not self.touch(tx, batch_id, now):
            return None
        t = batch_lines.c
        mine = (t.batch_id == batch_id) & (t.state == LineState.WAITING)
        busy = tx.execute(select(func.count()).where(mine & (t.asked_at > asked_since))).scalar_one()
        if busy >= most:
            return None
        free = mine & (t.asked_at.is_(None) | (t.asked_at <= asked_since))
        row = tx.execute(select(batch_lines).where(free).order_by(t.position).limit(1)).one_or_none()
        return None if row is None else self.save_line(tx, replace(_line(row), asked_at=now))

    def remove_of_payer(self, tx: Connection, payer_id: str) -> int:
        """Forget a payer's batches with their lines; returns how many."""
        return int(tx.execute(delete(batches).where(batches.c.payer_id == payer_id)).rowcount)

    def prune(self, tx: Connection, updated_before: dt.datetime) -> int:
        """Forget batches, and the personal data in their lines; returns how many."""
        return int(tx.execute(delete(batches).where(batches.c.updated_at < updated_before)).rowcount)

    def _one(self, tx: Connection, which: Any) -> Batch | None:
        rows: Sequence[Row[Any]] = tx.execute(select(batches).where(which)).all()
        return _batch(rows[0]) if rows else None


def _batch_values(batch: Batch) -> dict[str, Any]:
    kept = ("payer_id", "state", "order_id", "version", "created_at", "updated_at")
    return {name: getattr(batch, name) for name in kept} | {"terms": schema.dump(batch.terms)}


def _batch(row: Row[Any]) -> Batch:
    values = dict(row._mapping)
    return Batch(
        **values | {"state": BatchState(values["state"]), "terms": schema.load(Terms, values["terms"])}
    )


def _line_values(line: Line) -> dict[str, Any]:
    kept = ("batch_id", "position", "state", "asked_at", "version")
    return {name: getattr(line, name) for name in kept} | {"draft": schema.dump(line.draft)}


def _line(row: Row[Any]) -> Line:
    values = dict(row._mapping)
    return Line(**values | {"state": LineState(values["state"]), "draft": draft_of(values["draft"])})
