"""The sealed rows of a service against their seals and against the journal: found when changed or removed behind the
application's back, and put back from the act that wrote them last (docs/adr/0024).

A service's models name them: `SEALED`, the seals of its tables. Rows of before there were seals are sealed once.
"""

from __future__ import annotations

import enum
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    Table,
    and_,
    func,
    insert,
    select,
    tuple_,
    type_coerce,
    update,
)

from kit.audit.journal import Journal
from kit.columns import BlindIndex
from kit.crypto import Unreadable, row_seal_keys
from kit.database import Database
from kit.seals import RowSeal, SealedRow

_AT_A_TIME = 500


class RowFault(enum.StrEnum):
    """What may be wrong with a sealed row."""

    ALTERED = "altered"
    UNSEALED = "unsealed"
    GONE = "gone"

    @property
    def label(self) -> str:
        return {"altered": "业务记录被改动", "unsealed": "业务记录没有封印", "gone": "业务记录被删除"}[
            self.value
        ]


class Key(NamedTuple):
    """Which row: its table and primary key."""

    table: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.table} {'/'.join(map(str, self.values))}"


@dataclass(frozen=True)
class RowFinding:
    """A row that is not as it was written."""

    fault: RowFault
    key: Key
    detail: str = ""

    @property
    def subject(self) -> str:
        """The row as it is told."""
        return str(self.key)


def seals_of(service: str) -> tuple[RowSeal, ...]:
    """The seals of a service's tables; none where nothing of it is sealed."""
    return tuple(getattr(importlib.import_module(f"services.{service}.models"), "SEALED", ()))


def check_rows(snapshot: Connection, seals: Sequence[RowSeal], journal: Journal) -> Iterator[RowFinding]:
    """Every row that was changed, has no seal, or is in the journal and not in its table."""
    for seal in seals:
        for row in _rows(snapshot, seal):
            if row.seal is None:
                yield RowFinding(RowFault.UNSEALED, _key(seal, dict(row._mapping)))
            elif not _holds(seal, row):
                yield RowFinding(RowFault.ALTERED, _key(seal, dict(row._mapping)))
    by_table = {seal.table.name: seal for seal in seals}
    told: set[Key] = set()
    for written in _journalled(snapshot, journal):
        for key in _missing(snapshot, by_table, written) - told:
            told.add(key)
            yield RowFinding(RowFault.GONE, key)


def written_last(
    snapshot: Connection, wanted: Sequence[Key], seals: Sequence[RowSeal], journal: Journal
) -> dict[Key, tuple[str, SealedRow]]:
    """What the journal has of rows: the newest act that wrote each, and the row. Only acts that hold are believed."""
    by_table, left = {seal.table.name: seal for seal in seals}, set(wanted)
    found: dict[Key, tuple[str, SealedRow]] = {}
    acts = journal.acts.order_by(journal.table.c.act_id.desc()).where(journal.table.c.rows.is_not(None))
    for act in snapshot.execute(acts, execution_options={"yield_per": _AT_A_TIME}):
        if not left:
            break
        rows = journal.rows_of(act) if journal.holds(act) else []
        for row in reversed(rows):
            key = _key(by_table[row.table], row.values) if row.table in by_table else None
            if key in left:
                left.discard(key)
                found[key] = (act.act_id, row)
    return found


def put_back(tx: Connection, finding: RowFinding, row: SealedRow, seal: RowSeal) -> bool:
    """Write a row as the journal has it, what its seal is over and no more; False when that cannot be done: somebody
    has written it meanwhile, or it is gone and the journal does not have the whole of it."""
    values = seal.onto(seal.values_of(row.values))
    if finding.fault is RowFault.GONE:
        if not _needed(seal.table) <= set(values):
            return False
        tx.execute(insert(seal.table).values(**values))
        return True
    same = _same(seal, finding.key.values)
    now = tx.execute(_select(seal).where(same).with_for_update()).first()
    if now is None or _holds(seal, now):
        return False
    tx.execute(update(seal.table).where(same).values(**values))
    return True


def seal_all(database: Database, seals: Sequence[RowSeal]) -> int:
    """Seal what has no seal, of before there were any; how many rows. A seal is never replaced."""
    sealed = 0
    while True:
        with database.transaction() as tx:
            now = _seal_some(tx, seals)
        if not now:
            return sealed
        sealed += now


def _seal_some(tx: Connection, seals: Sequence[RowSeal]) -> int:
    for seal in seals:
        unsealed = _select(seal).where(seal.table.c.seal.is_(None)).limit(_AT_A_TIME)
        rows = tx.execute(unsealed.with_for_update()).all()
        for row in rows:
            same = _same(seal, _key(seal, dict(row._mapping)).values)
            tx.execute(update(seal.table).where(same).values(seal=seal.onto(_opened(seal, row))["seal"]))
        if rows:
            return len(rows)
    return 0


def reseal_rows(database: Database, seals: Sequence[RowSeal]) -> int:
    """Seal anew, under the key that seals now, what an older one sealed and still holds; how many. Nobody waits: a row
    whose seal somebody has changed meanwhile is left to them."""
    active, count = bytes([row_seal_keys().active]), 0
    for seal in seals:
        keys, after = [seal.table.c[name] for name in seal.key], None
        while True:
            older = _select(seal).where(func.substr(seal.table.c.seal, 1, 1) != active)
            older = older if after is None else older.where(tuple_(*keys) > after)
            with database.read() as connection:
                rows = connection.execute(older.order_by(*keys).limit(_AT_A_TIME)).all()
            if not rows:
                break
            with database.transaction() as tx:
                count += sum(_reseal(tx, seal, row) for row in rows if _holds(seal, row))
            after = _key(seal, dict(rows[-1]._mapping)).values
    return count


def _reseal(tx: Connection, seal: RowSeal, row: Any) -> int:
    same = _same(seal, _key(seal, dict(row._mapping)).values) & (seal.table.c.seal == row.seal)
    new = seal.onto(_opened(seal, row))["seal"]
    return int(tx.execute(update(seal.table).where(same).values(seal=new)).rowcount)


def _rows(snapshot: Connection, seal: RowSeal) -> Iterator[Any]:
    """All rows, by their key; one that cannot be decrypted counts as one without its meaning."""
    yield from snapshot.execute(_select(seal), execution_options={"yield_per": _AT_A_TIME})


def _select(seal: RowSeal) -> Select[Any]:
    """What is sealed, as it is kept: encrypted columns are opened one by one, so that one row cannot hide others."""
    names = dict.fromkeys((*seal.key, *seal.columns, "seal"))
    return select(*(_raw(seal.table, name) for name in names))


def _raw(table: Table, name: str) -> Any:
    column = table.c[name]
    encrypted = hasattr(column.type, "context") or isinstance(column.type, BlindIndex)
    return type_coerce(column, LargeBinary).label(name) if encrypted else column


def _opened(seal: RowSeal, row: Any) -> dict[str, Any]:
    """A row with its encrypted columns opened. Raises Unreadable."""
    values = dict(row._mapping)
    for name in seal.columns:
        kind: Any = seal.table.c[name].type
        if hasattr(kind, "context"):
            values[name] = kind.process_result_value(values[name], None)
    return values


def _holds(seal: RowSeal, row: Any) -> bool:
    try:
        return seal.holds(_opened(seal, row))
    except (Unreadable, ValueError):
        return False


def _key(seal: RowSeal, values: Mapping[str, Any]) -> Key:
    return Key(seal.table.name, tuple(values[name] for name in seal.key))


def _same(seal: RowSeal, key: tuple[Any, ...]) -> Any:
    return and_(*(seal.table.c[name] == value for name, value in zip(seal.key, key, strict=True)))


def _needed(table: Table) -> set[str]:
    """The columns no row can be without, unless the database fills them."""
    columns: Iterable[Any] = table.columns
    filled = {
        c.name for c in columns if c.server_default is not None or (c.primary_key and c.autoincrement is True)
    }
    return {c.name for c in columns if not c.nullable} - filled


def _journalled(snapshot: Connection, journal: Journal) -> Iterator[list[SealedRow]]:
    """The rows of the acts, some acts at a time. Those that say something else than they did are told elsewhere."""
    acts = journal.acts.where(journal.table.c.rows.is_not(None))
    for some in snapshot.execute(acts, execution_options={"yield_per": _AT_A_TIME}).partitions():
        yield [row for act in some if journal.holds(act) for row in journal.rows_of(act)]


def _missing(snapshot: Connection, seals: Mapping[str, RowSeal], written: Sequence[SealedRow]) -> set[Key]:
    missing: set[Key] = set()
    for name, seal in seals.items():
        keys = {_key(seal, row.values).values for row in written if row.table == name}
        columns = [seal.table.c[column] for column in seal.key]
        known = select(*columns).where(tuple_(*columns).in_(keys))
        found = {tuple(row) for row in snapshot.execute(known)} if keys else set()
        missing |= {Key(name, key) for key in keys - found}
    return missing
