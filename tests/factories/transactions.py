"""Transactions that fail on purpose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection

from kit.database import Database


class _Failed(Exception):
    pass


@contextlib.contextmanager
def rolled_back(database: Database) -> Iterator[Connection]:
    """A transaction that is rolled back at its end, as one that fails there."""
    with contextlib.suppress(_Failed), database.transaction() as tx:
        yield tx
        raise _Failed
