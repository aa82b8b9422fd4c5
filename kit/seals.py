"""Seals of rows: HMAC-SM3 over what a row means, so that a row changed behind the application's back is found
(design.md §7).

Storage computes a seal wherever it writes a sealed column; whoever checks the books computes it again. A seal is
`key version (1 byte) ‖ HMAC-SM3`; after a change of keys older seals still hold.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, LargeBinary, Table

from kit.crypto import row_seal_keys

Values = Mapping[str, Any]


def seal_column() -> Column[bytes]:
    """Where a row keeps its seal. NULL in rows that were written before there were seals."""
    return Column("seal", LargeBinary(33))


class RowSeal:
    """Which columns of a table its seal is over: those that say who, what, how much and what became of it."""

    def __init__(self, table: Table, *columns: str) -> None:
        assert set(columns) <= set(table.columns.keys()), "a seal is over columns of its table"
        self._table, self._columns = table.name, columns

    def onto(self, values: Values) -> dict[str, Any]:
        """The values of a row with their seal. As in an insert, what is not named is NULL."""
        return {**values, "seal": row_seal_keys().sign(self._meaning(values))}

    def holds(self, row: Values) -> bool:
        """Whether a row as it was read is the row that was sealed."""
        return row["seal"] is not None and row_seal_keys().signed(bytes(row["seal"]), self._meaning(row))

    def _meaning(self, values: Values) -> bytes:
        """One text for one meaning: JSON keeps the columns apart, and a number from its digits."""
        told = [self._table, *(values.get(name) for name in self._columns)]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_moment).encode()


def _moment(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat()
