"""The sealed rows of a service against their seals and against the journal: found when changed or removed behind the
application's back, and put back from the act that wrote them last (docs/adr/0024).

A service's models name them: `SEALED`, the seals of its tables. Rows of before there were seals are sealed once.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, tuple_, update

from contract.audit import RowFault
from kit.audit.journal import Journal
from kit.crypto import Unreadable, row_seal_keys
from kit.database import Database
from kit.seals import RowSeal, SealedRow, as_kept

_AT_A_TIME = 500


class Key(NamedTuple):
    """Which row: its table and primary key."""

    table: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        told = (value.hex() if isinstance(value, bytes) else str(value) for value in self.values)
        return f"{self.table} {'/'.join(told)}"


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
    """Every row that was changed, has no seal, is in the journal and not in its table, or was taken away and is there
    again."""
    for seal in seals:
        for row in _rows(snapshot, seal):
            if row.seal is None:
                yield RowFinding(RowFault.UNSEALED, _key(seal, row))
            elif not _holds(seal, row):
                yield RowFinding(RowFault.ALTERED, _key(seal, row))
    by_table = {seal.table.name: seal for seal in seals}
    told: set[Key] = set()
    for written in _journalled(snapshot, journal, by_table):
        there = _there(snapshot, by_table, written)
        removed = {key for key, row in written.items() if row.is_removal}
        yield from (RowFinding(RowFault.BACK, key) for key in removed & there)
        gone = set(written) - there - removed - told
        yield from (RowFinding(RowFault.GONE, key) for key in gone)
        told |= gone | removed


def written_last(
    snapshot: Connection, wanted: Sequence[Key], seals: Sequence[RowSeal], journal: Journal
) -> dict[Key, tuple[str, SealedRow]]:
    """What the journal has of rows: the newest act that wrote each or took it away, and the row. Only acts that hold
    are believed."""
    by_table, left = {seal.table.name: seal for seal in seals}, set(wanted)
    found: dict[Key, tuple[str, SealedRow]] = {}
    acts = journal.acts.order_by(journal.table.c.act_id.desc()).where(journal.table.c.rows.is_not(None))
    for act in snapshot.execute(acts, execution_options={"yield_per": _AT_A_TIME}):
        if not left:
            break
        rows = journal.rows_of(act) if journal.holds(act) else []
        for row in reversed(rows):
            key = _key_of(by_table[row.table], row) if row.table in by_table else None
            if key in left:
                left.discard(key)
                found[key] = (act.act_id, row)
    return found


def put_back(tx: Connection, finding: RowFinding, row: SealedRow, seal: RowSeal) -> bool:
    """Write a row as the journal has it, what its seal is over and no more, or take it away again; False when that
    cannot be done: somebody has written it meanwhile, or the journal does not have the whole of it."""
    same = _same(seal, finding.key.values)
    if row.is_removal:
        return bool(tx.execute(delete(seal.table).where(same)).rowcount)
    values = seal.values_of(row.values)
    if finding.fault is RowFault.GONE:
        if not _needed(seal.table) <= set(values):
            return False
        tx.execute(insert(seal.table).values(**values))
        return True
    now = tx.execute(seal.select().where(same).with_for_update()).first()
    if now is None or _holds(seal, now):
        return False
    if seal.hidden and not _holds(seal, now, values):
        return False  # what the journal does not have is not as it was sealed
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
        unsealed = seal.select().where(seal.table.c.seal.is_(None)).limit(_AT_A_TIME)
        rows = tx.execute(unsealed.with_for_update()).all()
        for row in rows:
            same = _same(seal, _key(seal, row).values)
            tx.execute(update(seal.table).where(same).values(seal=seal.onto(seal.opened(row))["seal"]))
        if rows:
            return len(rows)
    return 0


def reseal_rows(database: Database, seals: Sequence[RowSeal]) -> int:
    """Seal anew, under the key that seals now, what an older one sealed and still holds; how many. Nobody waits: a row
    whose seal somebody has changed meanwhile is left to them."""
    active, count = bytes([row_seal_keys().active]), 0
    for seal in seals:
        keys, after = [as_kept(seal.table.c[name]) for name in seal.key], None
        while True:
            older = seal.select().where(func.substr(seal.table.c.seal, 1, 1) != active)
            older = older if after is None else older.where(tuple_(*keys) > after)
            with database.read() as connection:
                rows = connection.execute(older.order_by(*keys).limit(_AT_A_TIME)).all()
            if not rows:
                break
            with database.transaction() as tx:
                count += sum(_reseal(tx, seal, row) for row in rows if _holds(seal, row))
            after = _key(seal, rows[-1]).values
    return count


def _reseal(tx: Connection, seal: RowSeal, row: Any) -> int:
    same = _same(seal, _key(seal, row).values) & (seal.table.c.seal == row.seal)
    new = seal.onto(seal.opened(row))["seal"]
    return int(tx.execute(update(seal.table).where(same).values(seal=new)).rowcount)


def _rows(snapshot: Connection, seal: RowSeal) -> Iterator[Any]:
    """All rows; one that cannot be decrypted counts as one without its meaning."""
    yield from snapshot.execute(seal.select(), execution_options={"yield_per": _AT_A_TIME})


def _holds(seal: RowSeal, row: Any, changed: Mapping[str, Any] = MappingProxyType({})) -> bool:
    try:
        return seal.holds({**seal.opened(row), **changed})
    except (Unreadable, ValueError):
        return False


def _key(seal: RowSeal, row: Any) -> Key:
    return Key(seal.table.name, tuple(row._mapping[name] for name in seal.key))


def _key_of(seal: RowSeal, written: SealedRow) -> Key:
    return Key(seal.table.name, seal.key_of(written.values))


def _same(seal: RowSeal, key: tuple[Any, ...]) -> Any:
    return and_(*(seal.table.c[name] == value for name, value in zip(seal.key, key, strict=True)))


def _needed(table: Table) -> set[str]:
    """The columns no row can be without, unless the database fills them."""
    columns: Iterable[Any] = table.columns
    filled = {
        c.name for c in columns if c.server_default is not None or (c.primary_key and c.autoincrement is True)
    }
    return {c.name for c in columns if not c.nullable} - filled


def _journalled(
    snapshot: Connection, journal: Journal, seals: Mapping[str, RowSeal]
) -> Iterator[dict[Key, SealedRow]]:
    """The rows of the acts, some acts at a time, newest first; of each the newest. Acts that say something else than
    they did are told elsewhere."""
    acts = journal.acts.where(journal.table.c.rows.is_not(None)).order_by(journal.table.c.act_id.desc())
    for some in snapshot.execute(acts, execution_options={"yield_per": _AT_A_TIME}).partitions():
        newest: dict[Key, SealedRow] = {}
        for act in some:
            for row in reversed(journal.rows_of(act) if journal.holds(act) else []):
                if row.table in seals:
                    newest.setdefault(_key_of(seals[row.table], row), row)
        yield newest


def _there(snapshot: Connection, seals: Mapping[str, RowSeal], wanted: Iterable[Key]) -> set[Key]:
    """Which of the rows are in their tables."""
    there: set[Key] = set()
    for name, seal in seals.items():
        keys = [key.values for key in wanted if key.table == name]
        columns = [as_kept(seal.table.c[column]) for column in seal.key]
        if keys:
            known = snapshot.execute(select(*columns).where(tuple_(*columns).in_(keys)))
            there |= {Key(name, tuple(row)) for row in known}
    return there
