"""Rows under a new key while the service works: what an older version of the ring encrypted is encrypted by the one
that seals now (docs/adr/0025).

Nothing is locked: a row is written again only if it is still what was read, and whoever changed it meanwhile did so
under the new key. Rows go by their primary key, a batch at a time; a run that is killed has done what it has committed,
and the next one passes over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    LargeBinary,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from kit.columns import BlindIndex, EncryptedBytes
from kit.crypto import KeyRing, Unreadable
from kit.database import Database

BATCH = 500
FILES = 20
"""Rows of a table with files, which are large."""


@dataclass
class Progress:
    """What a run has done to one table."""

    table: str
    written: int = 0
    overtaken: int = 0
    unreadable: int = 0


def encrypted_columns(table: Table) -> list[Column[Any]]:
    """Those under the keys of personal data."""
    return [column for column in table.columns if hasattr(column.type, "context")]


def tables_of(metadata: Any) -> list[Table]:
    """The tables that have any."""
    return [table for table in metadata.sorted_tables if encrypted_columns(table)]


def rotate(
    database: Database, table: Table, ring: KeyRing, done: Progress, batch: int = BATCH
) -> Iterator[None]:
    """Encrypt a table's older rows anew and keep count of them; a pause after each batch is the caller's. What cannot
    be read is counted and left as it is: `python -m kit.audit verify` says more of it."""
    after: Any = None
    if any(isinstance(one.type, EncryptedBytes) for one in table.columns):
        batch = min(batch, FILES)
    wanted, again = encrypted_columns(table), _Again(table, database.is_sqlite)
    while True:
        with database.read() as connection:
            rows = connection.execute(_older(table, wanted, ring.active, after, batch)).all()
        if not rows:
            return
        changed = []
        for row in rows:
            try:
                changed.append(_anew(row, wanted, ring))
            except Unreadable:
                done.unreadable += 1
        with database.transaction() as tx:
            written = again.write(tx, changed)
        done.written += written
        done.overtaken += len(changed) - written
        after = tuple(rows[-1])[: len(table.primary_key)]
        yield


def versions(connection: Connection, table: Table) -> dict[int, int]:
    """How many values of a table each version of the ring encrypted."""
    found: dict[int, int] = {}
    for one in encrypted_columns(table):
        version = func.substr(_raw(one), 1, 1)
        counted = select(version, func.count()).where(one.is_not(None)).group_by(version)
        for byte, count in connection.execute(counted):
            found[bytes(byte)[0]] = found.get(bytes(byte)[0], 0) + count
    return found


def _older(table: Table, wanted: Sequence[Column[Any]], active: int, after: Any, batch: int) -> Select[Any]:
    """The next rows, by their key, of which another version encrypted something."""
    keys = [_raw(one) for one in table.primary_key]
    older = or_(*(func.substr(_raw(one), 1, 1) != bytes([active]) for one in wanted))
    found = select(*keys, *map(_raw, wanted)).where(older).order_by(*table.primary_key).limit(batch)
    return found if after is None else found.where(tuple_(*table.primary_key) > after)


def _anew(row: Any, wanted: Sequence[Column[Any]], ring: KeyRing) -> dict[str, Any]:
    """A row's key, and each of its values as it was and as it is to be. Raises Unreadable."""
    told, keys = tuple(row), len(row) - len(wanted)
    anew = {f"key_{place}": told[place] for place in range(keys)}
    for place, one in enumerate(wanted):
        old, context = told[keys + place], one.type.context  # type: ignore[attr-defined]
        plain = None if old is None else ring.open(bytes(old), context)
        anew |= {f"old_{place}": old, f"new_{place}": None if plain is None else ring.seal(plain, context)}
    return anew


class _Again:
    """Writes rows that are still what was read."""

    def __init__(self, table: Table, one_by_one: bool) -> None:
        self._table, self._one_by_one = table, one_by_one
        self._keys, self._wanted = list(table.primary_key), encrypted_columns(table)
        self._names = [f"key_{place}" for place in range(len(self._keys))]
        self._names += [f"{when}_{place}" for place in range(len(self._wanted)) for when in ("old", "new")]
        # Built once: to build it costs more than PostgreSQL takes to write a batch.
        self._statement = self._update(bindparam) if one_by_one else self._together()

    def write(self, tx: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """How many were."""
        if not rows:
            return 0
        if self._one_by_one:
            return sum(tx.execute(self._statement, row).rowcount for row in rows)
        given = {name: [row[name] for row in rows] for name in self._names}
        return int(tx.execute(self._statement, given).rowcount)

    def _together(self) -> Any:
        """The rows of a batch as arrays: one statement for them all."""
        kinds = {name: ARRAY(self._kind(name)) for name in self._names}
        # Of an array of nothing but NULL nobody could tell what it is of.
        arrays = [cast(bindparam(name, type_=kind), kind) for name, kind in kinds.items()]
        columns = [column(name, kind.item_type) for name, kind in kinds.items()]
        anew = func.unnest(*arrays).table_valued(*columns, name="anew").render_derived()
        return self._update(lambda name: anew.c[name])

    def _update(self, of: Any) -> Any:
        same = [one == type_coerce(of(f"key_{place}"), LargeBinary) if isinstance(one.type, BlindIndex)
                else one == of(f"key_{place}") for place, one in enumerate(self._keys)]  # fmt: skip
        raw = [(_raw(one), of(f"old_{place}")) for place, one in enumerate(self._wanted)]
        same += [or_(now == old, and_(now.is_(None), old.is_(None))) for now, old in raw]
        new = {
            one.name: type_coerce(of(f"new_{place}"), LargeBinary) for place, one in enumerate(self._wanted)
        }
        return update(self._table).where(*same).values(new)

    def _kind(self, name: str) -> Any:
        part, _, place = name.partition("_")
        kind = self._keys[int(place)].type if part == "key" else LargeBinary()
        return LargeBinary() if isinstance(kind, BlindIndex) else kind


def _raw(one: Column[Any]) -> Any:
    """A column as it is kept."""
    binary = hasattr(one.type, "context") or isinstance(one.type, BlindIndex)
    return type_coerce(one, LargeBinary) if binary else one
