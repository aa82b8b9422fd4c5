"""Rows of the paths every payment takes: statements compiled once, and sent in one message on the driver's own cursor.

SQLAlchemy's execution costs a service more than PostgreSQL takes to answer (docs/architecture.md, Numbers). Here
only its compiler is used, and the columns' own types, so that the values are the ones `Connection.execute` would send.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]


class Compiled:
    """A statement in the words of one driver, with what its values go through on their way."""

    def __init__(self, statement: Insert | Update, given: tuple[str, ...], dialect: Dialect) -> None:
        columns = list(given) if isinstance(statement, Insert) else None
        self._compiled: Any = statement.compile(dialect=dialect, column_keys=columns, for_executemany=True)
        self._text = str(self._compiled)
        bound = ((name, bind.type.dialect_impl(dialect)) for name, bind in self._compiled.binds.items())
        self._sent = [(name, convert) for name, kind in bound if (convert := kind.bind_processor(dialect))]
        row = self._compiled.insert_single_values_expr
        self._around = None
        if row is not None:
            self._text = f"({row})"
            before, after = str(self._compiled).split(self._text)
            self._around = before.replace("%%", "%").encode(), after.replace("%%", "%").encode()

    @property
    def takes_many(self) -> bool:
        """Whether one statement takes the values of many rows."""
        return self._around is not None

    def filled(self, cursor: Any, values: Values) -> bytes:
        """The statement with these values; of one that takes many, the row."""
        converted: dict[str, Any] = self._compiled.construct_params(values)
        for name, convert in self._sent:
            converted[name] = convert(converted[name])
        filled: bytes = cursor.mogrify(self._text, converted)
        return filled

    def around(self, rows: Sequence[bytes]) -> bytes:
        """The statement with these filled rows, or the one filled statement."""
        if self._around is None:
            return b";".join(rows)
        before, after = self._around
        return before + b",".join(rows) + after


def write_together(connection: Connection, rows: Sequence[tuple[Insert | Update, Values]]) -> None:
    """Insert and change rows, of any tables, in one round trip. On a connection without a transaction of its own
    PostgreSQL runs what comes in one message as one transaction, and has committed when it answers.

    In order, but that rows of one INSERT go with its first: for PostgreSQL one statement of many rows is a third of the
    work. So no insert may rely on a change that is put down before it.
    """
    if not rows:
        return
    cursor: Any = connection.connection.cursor()
    message: list[tuple[Compiled, list[bytes]]] = []
    inserts: dict[Compiled, list[bytes]] = {}
    for statement, values in rows:
        compiled = _compiled(statement, tuple(values), connection.dialect)
        filled = compiled.filled(cursor, values)
        if compiled in inserts:
            inserts[compiled].append(filled)
            continue
        message.append((compiled, [filled]))
        if compiled.takes_many:
            inserts[compiled] = message[-1][1]
    cursor.close()
    _run(connection, b";".join(compiled.around(filled) for compiled, filled in message))


def insert_together(connection: Connection, statement: Insert, rows: Sequence[Values]) -> list[Any]:
    """Insert rows that name the same columns by a statement that returns one column; gives that of those inserted, as
    the driver has it."""
    if not rows:
        return []
    compiled = _compiled(statement, tuple(rows[0]), connection.dialect)
    cursor: Any = connection.connection.cursor()
    message = compiled.around([compiled.filled(cursor, values) for values in rows])
    cursor.close()
    return [row[0] for row in _run(connection, message, answers=True)]


@functools.cache
def _compiled(statement: Any, given: tuple[str, ...], dialect: Dialect) -> Compiled:
    return Compiled(statement, given, dialect)


def _run(connection: Connection, message: bytes, answers: bool = False) -> list[Any]:
    """Execute, with errors as SQLAlchemy tells them but without the statement: it may hold the values."""
    dialect: Any = connection.dialect
    cursor = connection.connection.cursor()
    try:
        cursor.execute(message)
        found = list(cursor.fetchall()) if answers else []
    except dialect.loaded_dbapi.Error as error:
        gone = dialect.is_disconnect(error, connection.connection, cursor)
        if gone:
            connection.invalidate(error)
            connection.engine.dispose()  # the others lead to the same server
        raise DBAPIError.instance(
            None, None, error, dialect.loaded_dbapi.Error, connection_invalidated=gone, dialect=dialect
        ) from error
    except BaseException:
        connection.invalidate()  # stopped halfway: nobody knows what the next answer would belong to
        raise
    cursor.close()
    return found
