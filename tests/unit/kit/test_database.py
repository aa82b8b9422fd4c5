"""Transactions on SQLite: all or nothing, writers in line, readers not held up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, func, select

from kit.database import Database, Duplicate, insert_or_ignore
from tests.factories.transactions import rolled_back

seats = Table(
    "seats", MetaData(),
    Column("number", Integer, primary_key=True),
    Column("holder", String),
    UniqueConstraint("holder"),
)  # fmt: skip


@pytest.fixture
def theatre(database: Database) -> Database:
    with database.transaction() as tx:
        seats.create(tx)
    return database


def _taken(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(seats)).scalar_one())


def test_all_of_a_transaction_commits_or_nothing(theatre: Database) -> None:
    with rolled_back(theatre) as tx:
        tx.execute(seats.insert(), {"number": 1, "holder": "a"})
    assert _taken(theatre) == 0
    with theatre.transaction() as tx:
        tx.execute(seats.insert(), [{"number": 1, "holder": "a"}, {"number": 2, "holder": "b"}])
    assert _taken(theatre) == 2


def test_a_reader_sees_the_last_commit_while_somebody_writes(theatre: Database) -> None:
    with theatre.transaction() as tx:
        tx.execute(seats.insert(), {"number": 1, "holder": "a"})
        assert _taken(theatre) == 0
    assert _taken(theatre) == 1


def test_every_unique_constraint_can_refuse_an_insert(theatre: Database) -> None:
    with theatre.transaction() as tx:
        assert insert_or_ignore(tx, seats, number=1, holder="a")
        assert not insert_or_ignore(tx, seats, number=1, holder="b")
        assert not insert_or_ignore(tx, seats, number=2, holder="a")
        assert insert_or_ignore(tx, seats, number=2, holder="b")


def _seat(database: Database, **people: int) -> None:
    with database.write() as tx:
        for holder, number in people.items():
            tx.execute(seats.insert(), {"number": number, "holder": holder})


def test_rows_written_at_once_are_all_there_or_none(theatre: Database) -> None:
    _seat(theatre, a=1, b=2)
    for taken in ({"c": 1}, {"a": 3}):
        with pytest.raises(Duplicate):
            _seat(theatre, i=9, **taken)
    assert _taken(theatre) == 2


def test_a_database_that_cannot_be_opened_does_not_answer(theatre: Database, tmp_path: Path) -> None:
    assert theatre.answers()
    assert not Database(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}").answers()
    assert not Database("postgresql+psycopg2://nobody:x@127.0.0.1:1/nothing").answers()
