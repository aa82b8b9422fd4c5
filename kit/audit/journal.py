"""Writing acts, and chaining them: `Journal` as use cases (`add`) and the chainer (`chain`) see it."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from contract.audit import Act, Action
from kit.audit.tables import CHAINED, FORGOTTEN, ROWS, STREAMED, act_seal, journal_table, mark_seal
from kit.crypto import Unreadable, personal_data_keys, row_seal_keys
from kit.database import Writer, insert_or_ignore
from kit.seals import SealedRow
from kit.telemetry import correlation_id, origin, redact

_LONGEST = {"actor": 80, "origin": 64, "target": 120, "result": 40, "purpose": 200}


class Position(NamedTuple):
    """A place in a chain."""

    sequence: int
    link: bytes


BEGINNING = Position(0, b"")


class Journal:
    """The journal of one service."""

    def __init__(self, metadata: MetaData | None = None) -> None:
        metadata = metadata or MetaData()
        if "journal" not in metadata.tables:
            journal_table(metadata)
        self.table, self.marks = metadata.tables["journal"], metadata.tables["journal_marks"]
        self.seal, self.mark_seal = act_seal(self.table), mark_seal(self.marks)
        self.acts = select(
            *(column for column in self.table.c if column.name != "rows"),
            type_coerce(self.table.c.rows, LargeBinary).label("raw_rows"),
        )
        # Built once: every payment passes here, and building a statement costs more than executing it.
        self._insert = insert(self.table).inline()
        self._waiting = (
            select(self.table.c.act_id, self.table.c.seal)
            .where(self.table.c.sequence.is_(None))
            .order_by(self.table.c.act_id)
            .limit(bindparam("limit"))
        )

    def add(self, tx: Writer, act: Act, now: dt.datetime, rows: Sequence[SealedRow] = ()) -> str:
        """Record an act in its own transaction, with the sealed rows it wrote; returns its id. It is one more row among
        the others and asks the database nothing."""
        act_id = _IDS.next(now)
        row = {
            "act_id": act_id, "at": now, "actor": act.actor, "origin": act.origin or origin(),
            "action": act.action.value, "target": act.target, "result": act.result, "purpose": act.purpose,
            "detail": dict(act.detail), "correlation_id": correlation_id(), "rows": [list(row) for row in rows] or None,
        }  # fmt: skip
        tx.execute(self._insert, self.seal.onto(row | _told(row)))
        return act_id

    def waiting(self, tx: Connection) -> int:
        """How many acts are not in the chain yet."""
        count = select(func.count()).select_from(self.table).where(self.table.c.sequence.is_(None))
        return int(tx.execute(count).scalar_one())

    def chain(self, tx: Connection, limit: int, now: dt.datetime) -> int:
        """Give the oldest acts that wait their places, at most so many; returns how many. None while another replica
        does."""
        last = self.claim_mark(tx, CHAINED, now)
        if last is None:
            return 0
        chained = []
        for row in tx.execute(self._waiting, {"limit": limit}):
            last = Position(last.sequence + 1, link(last, bytes(row.seal)))
            chained.append({"one": row.act_id, "place": last.sequence, "made": last.link})
        if chained:
            self._place(tx, chained)
            self.set_mark(tx, CHAINED, last, now)
        return len(chained)

    def claim_mark(self, tx: Connection, mark: str, now: dt.datetime) -> Position | None:
        """Where a mark stands, its row locked for this transaction; None while another has it."""
        wanted = select(self.marks).where(self.marks.c.mark == mark)
        row = tx.execute(wanted.with_for_update(skip_locked=True)).first()
        if row is not None:
            return Position(row.sequence, bytes(row.link))
        made = insert_or_ignore(tx, self.marks, **self._mark_row(mark, BEGINNING, now))
        return BEGINNING if made else None

    def mark(self, tx: Connection, mark: str) -> Position:
        """The same without a lock."""
        row = tx.execute(select(self.marks).where(self.marks.c.mark == mark)).first()
        return BEGINNING if row is None else Position(row.sequence, bytes(row.link))

    def marked_at(self, tx: Connection, mark: str) -> dt.datetime | None:
        """When a mark was last set; None before it was."""
        wanted = select(self.marks.c.at).where(self.marks.c.mark == mark, self.marks.c.sequence > 0)
        return tx.execute(wanted).scalar()

    def untold(self, tx: Connection) -> int:
        """How many chained acts the collector does not have yet."""
        return self.mark(tx, CHAINED).sequence - self.mark(tx, STREAMED).sequence

    def set_mark(self, tx: Connection, mark: str, position: Position, now: dt.datetime) -> None:
        """Move a mark; the caller has claimed it."""
        changed = update(self.marks).where(self.marks.c.mark == mark)
        tx.execute(changed.values(self._mark_row(mark, position, now)))

    def after(self, tx: Connection, sequence: int, limit: int) -> Sequence[Any]:
        """The acts that come after a place in the chain, in its order; their rows are not decrypted."""
        place = self.table.c.sequence
        return tx.execute(self.acts.where(place > sequence).order_by(place).limit(limit)).all()

    def latest(
        self, tx: Connection, actor: str = "", target: str = "", action: Action | None = None, limit: int = 50
    ) -> Sequence[Any]:
        """The newest acts first; of one actor, about one target, of one kind, where named."""
        t = self.table.c
        wanted = self.acts.order_by(t.act_id.desc()).limit(limit)
        for column, named in ((t.actor, actor), (t.target, target), (t.action, action and action.value)):
            wanted = wanted.where(column == named) if named else wanted
        return tx.execute(wanted).all()

    def rows_of(self, act: Any) -> list[SealedRow]:
        """The sealed rows an act wrote. Raises Unreadable."""
        if act.raw_rows is None:
            return []
        told = personal_data_keys().open(bytes(act.raw_rows), ROWS.context)
        return [SealedRow(table, values) for table, values in json.loads(told)]

    def holds(self, act: Any) -> bool:
        """Whether an act says what was sealed."""
        try:
            rows = [list(row) for row in self.rows_of(act)] or None
        except Unreadable:
            return False
        return self.seal.holds({**act._mapping, "rows": rows})

    def forget(
        self, tx: Connection, before: dt.datetime, told: int | None, limit: int, now: dt.datetime
    ) -> int:
        """Forget the oldest acts of before a moment, at most so many, and none the collector has not been told (`told`
        is how far it has); returns how many. The chain then begins after the last of them."""
        begun = self.claim_mark(tx, FORGOTTEN, now)
        old = [] if begun is None else self.after(tx, begun.sequence, limit)
        gone = [row for row in old if row.at < before and (told is None or row.sequence <= told)]
        if gone:
            last = position_of(gone[-1])
            tx.execute(delete(self.table).where(self.table.c.sequence <= last.sequence))
            self.set_mark(tx, FORGOTTEN, last, now)
        return len(gone)

    def _mark_row(self, mark: str, position: Position, now: dt.datetime) -> dict[str, Any]:
        return self.mark_seal.onto(
            {"mark": mark, "sequence": position.sequence, "link": position.link, "at": now}
        )

    def _place(self, tx: Connection, chained: Sequence[dict[str, Any]]) -> None:
        if tx.dialect.name == "postgresql":
            tx.execute(_placing(self.table), {name: [one[name] for one in chained] for name in chained[0]})
        else:
            t = self.table
            each = update(t).where(t.c.act_id == bindparam("one"))
            tx.execute(each.values(sequence=bindparam("place"), link=bindparam("made")), chained)


def position_of(act: Any) -> Position:
    """The place of a chained act."""
    return Position(act.sequence, bytes(act.link))


def link(before: Position, seal: bytes) -> bytes:
    """What ties an act to the one before it: HMAC-SM3 over its place, the link before and its own seal."""
    told = ["journal.link", before.sequence + 1, before.link.hex(), seal.hex()]
    return row_seal_keys().sign(json.dumps(told).encode())


def follows(before: Position, seal: bytes, made: bytes) -> bool:
    """Whether `link` made it."""
    told = ["journal.link", before.sequence + 1, before.link.hex(), seal.hex()]
    return row_seal_keys().signed(made, json.dumps(told).encode())


def _placing(t: Table) -> Any:
    """One statement for a whole batch."""
    placed = func.unnest(
        bindparam("one", type_=ARRAY(String)), bindparam("place", type_=ARRAY(BigInteger)),
        bindparam("made", type_=ARRAY(LargeBinary)),
    ).table_valued("one", "place", "made").render_derived()  # fmt: skip
    return update(t).where(t.c.act_id == placed.c.one).values(sequence=placed.c.place, link=placed.c.made)


class _TimeOrdered:
    """UUIDs (version 7, RFC 9562): acts lie in the table as they came, and the key is their order. What one process
    journals keeps its order also within a moment, and when the clock is set back."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: dt.datetime) -> str:
        """The id of an act of now: milliseconds, 12 bits of what is between them, and 62 random ones."""
        self._last = max(self._last + 1, int(now.timestamp() * 1000 * 4096))
        milliseconds, between = divmod(self._last, 4096)
        number = milliseconds << 80 | 7 << 76 | between << 64 | 2 << 62 | secrets.randbits(62)
        return str(uuid.UUID(int=number))


_IDS = _TimeOrdered()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """The texts as they are kept: no longer than their columns, so that no act fails for its words, and without
    anything that looks like a number of a person, should one slip in."""
    told: dict[str, Any] = {name: redact(str(row[name]))[:most] for name, most in _LONGEST.items()}
    detail = {
        name: redact(value) if isinstance(value, str) else value for name, value in row["detail"].items()
    }
    return told | {"detail": detail}
