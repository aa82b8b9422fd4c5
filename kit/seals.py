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

from sqlalchemy import Column, Date, LargeBinary, Table

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


class RowSeal:
    """Which columns of a table its seal is over: those that say who, what, how much and what became of it."""

    def __init__(self, table: Table, *columns: str, key: tuple[str, ...] = ()) -> None:
        """`key` names a row where the primary key is a mere number."""
        self.table, self.columns = table, columns
        self.key = key or tuple(column.name for column in table.primary_key)
        assert {*columns, *key} <= set(table.columns.keys()), "a seal is over columns of its table"

    def onto(self, values: Values) -> dict[str, Any]:
        """The values of a row with their seal. As in an insert, what is not named is NULL."""
        return {**values, "seal": row_seal_keys().sign(self._meaning(values))}

    def holds(self, row: Values) -> bool:
        """Whether a row as it was read is the row that was sealed."""
        return row["seal"] is not None and row_seal_keys().signed(bytes(row["seal"]), self._meaning(row))

    def written(self, values: Values) -> SealedRow:
        """The row for the journal: what its seal is over, and no more."""
        told = {name: _word(values.get(name)) for name in self.columns}
        return SealedRow(self.table.name, told)

    def values_of(self, written: Values) -> dict[str, Any]:
        """The columns of a row the journal has, as they are written."""
        return {name: _value(self.table.c[name], written.get(name)) for name in self.columns}

    def _meaning(self, values: Values) -> bytes:
        """One text for one meaning: JSON keeps the columns apart, and a number from its digits."""
        told = [self.table.name, *(values.get(name) for name in self.columns)]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_told).encode()


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
