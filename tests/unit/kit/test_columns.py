"""Column types: encrypted at rest, found by blind index, times always aware."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, select, text
from sqlalchemy.exc import StatementError

from kit.clock import CHINA
from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.crypto import Unreadable
from kit.database import Database

NAME, NUMBER = "韦秀兰", "450103197806122040"

people = Table(
    "people", MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", EncryptedText("people.name")),
    Column("alias", EncryptedText("people.alias")),
    Column("number_index", BlindIndex("people.number")),
    Column("answers", EncryptedJson("people.answers")),
    Column("seen_at", Moment),
)  # fmt: skip


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path / 'columns.sqlite3'}")
    with database.transaction() as connection:
        people.create(connection)
        yield connection
    database.engine.dispose()


def test_personal_fields_are_unreadable_in_the_file(tx: Connection, tmp_path: Path) -> None:
    tx.execute(
        people.insert(), {"id": 1, "name": NAME, "number_index": NUMBER, "answers": {"number": NUMBER}}
    )
    stored = tx.execute(text("SELECT name, number_index, answers FROM people")).one()
    for value in stored:
        assert isinstance(value, bytes)
        assert NAME.encode() not in value and NUMBER.encode() not in value


def test_encrypted_fields_read_back_as_written(tx: Connection) -> None:
    answers = {"姓名": NAME, "years": [2025, 2026], "nothing": None}
    tx.execute(people.insert(), {"id": 1, "name": NAME, "answers": answers})
    row = tx.execute(select(people)).one()
    assert (row.name, row.alias, row.answers) == (NAME, None, answers)


def test_a_row_is_found_by_its_blind_index_which_gives_nothing_back(tx: Connection) -> None:
    tx.execute(
        people.insert(), [{"id": 1, "number_index": NUMBER}, {"id": 2, "number_index": "450103197806122041"}]
    )
    assert tx.execute(select(people.c.id).where(people.c.number_index == NUMBER)).scalars().all() == [1]
    assert tx.execute(select(people.c.number_index)).scalars().all() == [None, None]


def test_a_value_copied_into_another_column_does_not_open(tx: Connection) -> None:
    tx.execute(people.insert(), {"id": 1, "name": NAME})
    tx.execute(text("UPDATE people SET alias = name"))
    with pytest.raises(Unreadable):
        tx.execute(select(people.c.alias)).one()


def test_times_are_kept_to_the_moment_whatever_their_zone(tx: Connection) -> None:
    moment = dt.datetime(2026, 11, 23, 8, 5, 0, 123456, CHINA)
    tx.execute(people.insert(), {"id": 1, "seen_at": moment})
    seen = tx.execute(select(people.c.seen_at)).scalar_one()
    assert seen == moment
    assert seen.utcoffset() == dt.timedelta(0)
    assert tx.execute(select(people.c.id).where(people.c.seen_at < moment)).first() is None


def test_a_time_without_its_zone_is_refused(tx: Connection) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        tx.execute(people.insert(), {"id": 1, "seen_at": dt.datetime(2026, 11, 23)})  # noqa: DTZ001
