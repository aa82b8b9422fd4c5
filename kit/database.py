"""One database per service: PostgreSQL, or SQLite in embedded mode.

Work that changes something runs in `transaction()`. A single read uses `read()`, and rows that depend on no answer
are written with `write()`: each costs one round trip. No transaction is ever held while the network is asked for
something.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import sqlalchemy
from eventlet.semaphore import Semaphore
from psycopg2.errors import UniqueViolation
from sqlalchemy import Connection, Engine, Insert, Update, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql.dml import ReturningInsert

from kit.gathering import Asked, Gathering
from kit.statements import Values, insert_together, write_together

IDLE_BEFORE_PING = 5.0
"""Seconds a pooled connection may rest before it is tested, so that a restart is noticed at no cost under load."""

_MOST_WRITTEN = 25

_PG_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "timezone": "UTC",
        "statement_timeout": 8000,
        "lock_timeout": 4000,
        "idle_in_transaction_session_timeout": 15000,
    }.items()
)


AWAY = (OperationalError, InterfaceError, PoolTimeout, DisconnectionError)
"""The database is away, restarting or too busy: expected, passing, and no reason for a traceback."""


def refused(error: Exception) -> bool:
    """Whether the database, being there, would not do it: then it has done nothing. One that is away says nothing."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return False
    return isinstance(error, IntegrityError) or getattr(error.orig, "pgcode", None) is not None


def present(error: Exception) -> bool:
    """Whether the database was there when work on it failed, so that the work itself may be at fault."""
    return refused(error) or not isinstance(error, AWAY)


class Duplicate(Exception):
    """A unique constraint stands against a row; nothing was written."""


class Writer(Protocol):
    """What takes rows and changes of rows: a transaction, or what `write()` gives."""

    def execute(self, statement: Insert | Update, values: Values, /) -> Any: ...


class Rows(list[tuple[Insert | Update, Values]]):
    """Rows to be written together."""

    def execute(self, statement: Insert | Update, values: Values, /) -> None:
        """Put a row down. The statement must be built once: what it compiles to is kept."""
        self.append((statement, values))


class Transactions(Protocol):
    """What a use case may know of a database: how to change something, how to read, and how to write at once."""

    def transaction(self) -> contextlib.AbstractContextManager[Connection]: ...

    def read(self) -> contextlib.AbstractContextManager[Connection]: ...

    def write(self) -> contextlib.AbstractContextManager[Writer]: ...

    def together(self, tx: Connection) -> contextlib.AbstractContextManager[Writer]: ...


class Database:
    """An engine with the house's settings."""

    def __init__(self, url: str, pool_size: int = 20) -> None:
        self.is_sqlite = url.startswith("sqlite")
        build = _sqlite_engine if self.is_sqlite else _postgresql_engine
        self.engine = build(url, pool_size)
        # What is one round trip keeps connections of its own: switching one between transactions and autocommit costs
        # as much as the read itself.
        self._at_once = build(url, pool_size, isolation_level="AUTOCOMMIT")
        # SQLite has one writer, and a greenlet that waits for it inside the C library stops all others.
        self._one_writer: contextlib.AbstractContextManager[Any] = (
            Semaphore(1) if self.is_sqlite else contextlib.nullcontext()
        )

        self._writing: Gathering[Rows, None] = Gathering(
            self._write, most=_MOST_WRITTEN, lanes=2, apart=refused
        )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything inside commits together, or nothing does."""
        with self._one_writer, self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Single reads, each seeing the latest commit."""
        with self._at_once.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Reads that all see what was committed when the first began, however long they take. Nobody waits for them."""
        if self.is_sqlite:
            with (
                self._at_once.connect() as connection
            ):  # whose transactions begin without keeping writers away
                connection.exec_driver_sql("BEGIN")
                try:
                    yield connection
                finally:
                    connection.exec_driver_sql("ROLLBACK")
            return
        with self.engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Writer]:
        """Rows put down inside are committed together when the block ends, in one round trip; what is written at once
        shares it (docs/adr/0035).

        Raises Duplicate instead when a unique constraint stands against any of them.
        """
        rows = Rows()
        yield rows
        try:
            self._writing(rows)
        except IntegrityError as error:
            if _of_unique_constraint(error.orig):
                raise Duplicate from None
            raise

    @contextlib.contextmanager
    def together(self, tx: Connection) -> Iterator[Writer]:
        """Rows put down inside are written, in order, in one round trip of a transaction when the block ends."""
        rows = Rows()
        yield rows
        _put_down(tx, rows)

    def _write(self, together: Sequence[Asked[Rows]]) -> list[None]:
        with self.transaction() if self.is_sqlite else self._at_once.connect() as connection:
            _put_down(connection, [row for asked in together for row in asked.item])
        return [None] * len(together)

    def close(self) -> None:
        """Let go of its connections."""
        self.engine.dispose()
        self._at_once.dispose()

    def answers(self) -> bool:
        """Whether the database does its work now."""
        try:
            with self.read() as connection:
                return bool(connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1)
        except sqlalchemy.exc.SQLAlchemyError:
            return False


def _put_down(connection: Connection, rows: Sequence[tuple[Insert | Update, Values]]) -> None:
    if connection.dialect.name == "postgresql":
        write_together(connection, rows)
    else:
        for statement, values in rows:
            connection.execute(statement, values)


def _of_unique_constraint(error: BaseException | None) -> bool:
    sqlite_name = getattr(error, "sqlite_errorname", "")
    return isinstance(error, UniqueViolation) or sqlite_name.endswith(("_UNIQUE", "_PRIMARYKEY"))


def insert_or_ignore(connection: Connection, table: sqlalchemy.Table, **values: Any) -> bool:
    """Insert a row; False when a unique constraint says that it, or one that excludes it, exists."""
    statement = insert_ignoring(table, connection.dialect.name)
    return bool(connection.execute(statement, values).rowcount == 1)


def insert_new(
    connection: Connection, table: sqlalchemy.Table, key: sqlalchemy.Column[Any], rows: Sequence[Values]
) -> Sequence[Any]:
    """Insert those rows that no unique constraint stands against; gives their keys."""
    statement = _insert_new(table, key, connection.dialect.name)
    if connection.dialect.name == "postgresql":
        return insert_together(connection, statement, rows)
    return connection.execute(statement, rows).scalars().all()


@functools.cache
def _insert_new(
    table: sqlalchemy.Table, key: sqlalchemy.Column[Any], dialect: str
) -> ReturningInsert[tuple[Any]]:
    return insert_ignoring(table, dialect).returning(key)


@functools.cache
def insert_ignoring(table: sqlalchemy.Table, dialect: str) -> Insert:
    """An INSERT that leaves out rows that a unique constraint stands against."""
    # Built once and given its values as parameters: building costs more than executing.
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return build(table).on_conflict_do_nothing()


def _postgresql_engine(url: str, pool_size: int, **options: Any) -> Engine:
    engine = sqlalchemy.create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=5, pool_use_lifo=True,
        hide_parameters=True, **options,
        connect_args={
            "connect_timeout": 3, "options": _PG_OPTIONS, "keepalives": 1, "keepalives_idle": 10,
            "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000,
        },
    )  # fmt: skip

    @event.listens_for(engine, "checkin")
    def note_rest(dbapi_connection: Any, record: Any) -> None:
        record.info["rested_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping_after_rest(dbapi_connection: Any, record: Any, proxy: Any) -> None:
        if time.monotonic() - record.info.get("rested_since", time.monotonic()) > IDLE_BEFORE_PING:
            try:
                engine.dialect.do_ping(dbapi_connection)
            except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]
                raise DisconnectionError from error

    return engine


def _sqlite_engine(url: str, pool_size: int, **options: Any) -> Engine:
    engine = sqlalchemy.create_engine(
        url, pool_size=pool_size, hide_parameters=True, connect_args={"check_same_thread": False}, **options
    )

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: Any, record: Any) -> None:
        dbapi_connection.isolation_level = None  # the driver must not open transactions on its own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=4000"):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    # SQLite's connections never say AUTOCOMMIT, and a reader that begins would lock out writers.
    if not options:

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
