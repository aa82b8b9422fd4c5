"""Seals of rows: HMAC-SM3 over what a row means, so that a row changed behind the application's back is found
(design.md §7).

Storage computes a seal wherever it writes a sealed column; whoever checks the books computes it again. A seal is
`key version (1 byte) ‖ HMAC-SM3`; after a change of keys older seals still hold.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Column, Date, LargeBinary, Select, Table, select, type_coerce

from kit.columns import BlindIndex, Moment
from kit.crypto import row_seal_keys

Values = Mapping[str, Any]


def seal_column() -> Column[bytes]:
    """Where a row keeps its seal. NULL in rows that were written before there were seals."""
    return Column("seal", LargeBinary(33))


class SealedRow(NamedTuple):
    """What a row means, as the journal keeps it (kit/audit): the sealed columns, in words JSON has."""

    table: str
    values: dict[str, Any]

    @property
    def is_removal(self) -> bool:
        """Whether the act took the row away."""
        return bool(self.values.get(_REMOVED))


_REMOVED = "-"
"""A word no column is called."""


class RowSeal:
    """Which columns of a table its seal is over: those that say who, what, how much and what became of it."""

    def __init__(
        self, table: Table, *columns: str, key: tuple[str, ...] = (), hidden: tuple[str, ...] = ()
    ) -> None:
        """`key` names a row where the primary key is a mere number. `hidden` columns are sealed too, and the journal
        does not keep them: it would outlive a person's wish to be forgotten. It keeps the seal, which proves them."""
        self.table, self.columns, self.hidden = table, columns, hidden
        self.key = key or tuple(column.name for column in table.primary_key)
        assert {*columns, *key, *hidden} <= set(table.columns.keys()), "a seal is over columns of its table"

    def select(self) -> Select[Any]:
        """Rows as they are kept, with their key and seal: encrypted columns are opened one by one (`opened`), so that
        one row cannot hide others."""
        names = dict.fromkeys((*self.key, *self.columns, *self.hidden, "seal"))
        return select(*(as_kept(self.table.c[name]) for name in names))

    def opened(self, row: Any) -> dict[str, Any]:
        """A row of `select` with its encrypted columns opened. Raises Unreadable."""
        values = dict(row._mapping)
        for name in (*self.columns, *self.hidden):
            kind: Any = self.table.c[name].type
            if hasattr(kind, "context"):
                values[name] = kind.process_result_value(values[name], None)
        return values

    def onto(self, values: Values) -> dict[str, Any]:
        """The values of a row with their seal. As in an insert, what is not named is NULL."""
        return {**values, "seal": row_seal_keys().sign(self._meaning(values))}

    def holds(self, row: Values) -> bool:
        """Whether a row as it was read is the row that was sealed."""
        return row["seal"] is not None and row_seal_keys().signed(bytes(row["seal"]), self._meaning(row))

    def renewed(self, row: Values, **changed: Any) -> tuple[dict[str, Any], list[SealedRow]]:
        """What to write where a row as it was read changes, and what the journal is to have of it. Nothing that
        somebody else wrote gets a seal of ours: a row that was not whole goes on without, and is not journalled."""
        if not self.holds(row):
            return changed, []
        after = self.onto({**row, **changed})
        return {**changed, "seal": after["seal"]}, [self.written(after)]

    def written(self, values: Values) -> SealedRow:
        """The row for the journal: what its seal is over, and no more."""
        told = {name: _word(values.get(name)) for name in self.columns}
        return SealedRow(self.table.name, told | ({"seal": _word(values["seal"])} if self.hidden else {}))

    def removed(self, values: Values) -> SealedRow:
        """That a row was taken away, for the journal."""
        return SealedRow(self.table.name, {name: _word(values[name]) for name in self.key} | {_REMOVED: True})

    def key_of(self, written: Values) -> tuple[Any, ...]:
        """Which row the journal means."""
        return tuple(_value(self.table.c[name], written[name]) for name in self.key)

    def values_of(self, written: Values) -> dict[str, Any]:
        """The columns of a row the journal has, as they are written, with a seal: a new one, or, where it is over more
        than the journal has, the one of then."""
        values = {name: _value(self.table.c[name], written.get(name)) for name in self.columns}
        return {**values, "seal": bytes.fromhex(written["seal"])} if self.hidden else self.onto(values)

    def _meaning(self, values: Values) -> bytes:
        """One text for one meaning: JSON keeps the columns apart, and a number from its digits."""
        told = [self.table.name, *(values.get(name) for name in (*self.columns, *self.hidden))]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_told).encode()


def as_kept(column: Column[Any]) -> Any:
    """A column as it is kept: not decrypted, and the HMAC of a blind index."""
    kept = hasattr(column.type, "context") or isinstance(column.type, BlindIndex)
    return type_coerce(column, LargeBinary).label(column.name) if kept else column


def _told(value: dt.date | bytes | memoryview) -> str:
    """What JSON has no word for."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value.isoformat()


def _word(value: Any) -> Any:
    return _told(value) if isinstance(value, dt.date | bytes | memoryview) else value


def _value(column: Column[Any], word: Any) -> Any:
    if word is None:
        return None
    if isinstance(column.type, Moment):
        return dt.datetime.fromisoformat(word)
    if isinstance(column.type, Date):
        return dt.date.fromisoformat(word)
    return bytes.fromhex(word) if isinstance(column.type, LargeBinary | BlindIndex) else word
