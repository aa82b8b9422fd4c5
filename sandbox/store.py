"""The one SQLite file that holds everything the outside world remembers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("schema.sql")
TABLES = (
    "notify_answers",
    "notifies",
    "postings",
    "declarations",
    "refunds",
    "orders",
    "sms_reports",
    "messages",
    "wechat_messages",
    "oauth_codes",
    "real_names",
    "agreements",
    "seal_requests",
    "fault_settings",
)


class Store:
    """One connection, short transactions.

    SQLite calls never yield to another greenthread, so a transaction here runs from BEGIN to COMMIT
    without interruption as long as its body does no network call and no sleep; the lock keeps that
    true under real threads as well. WAL with synchronous=NORMAL survives a killed process.
    """

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=2000;"
            "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
        )
        self._connection.executescript(SCHEMA.read_text())

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit when the body ends, roll back when it raises. Never sleep or call out inside."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def one(self, sql: str, arguments: Sequence[Any] = ()) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(sql, arguments).fetchone()
            return row

    def all(self, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, arguments).fetchall()

    def clear(self) -> None:
        """Forget everything: a new world."""
        with self.transaction() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above

    def close(self) -> None:
        with self._lock:
            self._connection.close()
