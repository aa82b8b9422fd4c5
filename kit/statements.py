"""Statements on the paths every payment takes: compiled once, and run on the driver's own cursor.

SQLAlchemy's execution costs a service more than PostgreSQL takes to answer (docs/architecture.md, Numbers). Here
only its compiler is used, and the columns' own types, so that the values are the ones `Connection.execute` would send
and fetch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class Compiled:
    """A statement in the words of one driver, with what its values go through on their way."""

    def __init__(
        self, statement: Select[Any] | Insert | Update, given: tuple[str, ...], dialect: Dialect
    ) -> None:
        columns = list(given) if isinstance(statement, Insert) else None
        self._compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text = str(self._compiled)
        self._positions: Sequence[str] | None = self._compiled.positiontup
        bound = ((name, bind.type.dialect_impl(dialect)) for name, bind in self._compiled.binds.items())
        self._sent = [(name, convert) for name, kind in bound if (convert := kind.bind_processor(dialect))]
        selected = statement.selected_columns if isinstance(statement, Select) else ()
        kinds = ((str(column.key), column.type.dialect_impl(dialect)) for column in selected)
        self._fetched = [(name, kind.result_processor(dialect, None)) for name, kind in kinds]

    def parameters(self, values: Values) -> Any:
        """The values as the driver takes them."""
        converted: dict[str, Any] = self._compiled.construct_params(values)
        for name, convert in self._sent:
            converted[name] = convert(converted[name])
        return converted if self._positions is None else [converted[name] for name in self._positions]

    def row(self, fetched: Sequence[Any]) -> dict[str, Any]:
        """A fetched row by the names of its columns."""
        named = zip(self._fetched, fetched, strict=True)
        return {name: convert(value) if convert else value for (name, convert), value in named}


def first(connection: Connection, query: Select[Any], **values: Any) -> dict[str, Any] | None:
    """The first row a query gives, or None. The query must be built once: what it compiles to is kept."""
    compiled = _compiled(query, tuple(values), connection.dialect)
    cursor = _run(connection, compiled.text, compiled.parameters(values))
    try:
        fetched = cursor.fetchone()
    finally:
        cursor.close()
    return None if fetched is None else compiled.row(fetched)


def write_together(connection: Connection, rows: Sequence[tuple[Insert | Update, Values]]) -> None:
    """Insert and change rows, of any tables, in one round trip. On a connection without a transaction of its own
    PostgreSQL runs what comes in one message as one transaction, and has committed when it answers."""
    if not rows:
        return
    cursor: Any = connection.connection.cursor()
    message = []
    for statement, values in rows:
        compiled = _compiled(statement, tuple(values), connection.dialect)
        message.append(cursor.mogrify(compiled.text, compiled.parameters(values)))
    cursor.close()
    _run(connection, b";".join(message), None).close()


@functools.cache
def _compiled(statement: Any, given: tuple[str, ...], dialect: Dialect) -> Compiled:
    return Compiled(statement, given, dialect)


def _run(connection: Connection, text: str | bytes, parameters: Any) -> Any:
    """Execute, with errors as SQLAlchemy tells them but without the statement: it may hold the values."""
    dialect: Any = connection.dialect
    cursor = connection.connection.cursor()
    try:
        cursor.execute(*(text,) if parameters is None else (text, parameters))
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
    return cursor
