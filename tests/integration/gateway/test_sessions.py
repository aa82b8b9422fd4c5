"""Sessions in PostgreSQL: whole again when read, sealed in the table, ended person by person and phone by phone."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from sqlalchemy import text

from contract.people import DocumentType, Person
from kit.database import Database
from services.gateway.domain.sessions import PRIVACY_VERSION, LoggedInPayer, RecalledPerson, Session
from services.gateway.storage.sessions import Sessions
from services.gateway.usecases.sessions import end_sessions_of_older_phones

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
PERSON = Person(DocumentType.PASSPORT, "E12345678", "韦秀兰")
SESSIONS = Sessions()


def _session(serial: int, person_id: str | None = None, phone_version: int | None = None) -> Session:
    seen = NOW + dt.timedelta(seconds=serial)
    return Session(
        hashlib.sha256(bytes([serial])).digest(), "openid-1", "csrf", NOW, seen,
        payer=LoggedInPayer(person_id, PERSON, "13800138000") if person_id else None,
        recalled=None if person_id else RecalledPerson(PERSON, "13800138000", PRIVACY_VERSION),
        logged_in_at=NOW if person_id else None, phone_version=phone_version, device="iPhone",
    )  # fmt: skip


@pytest.fixture
def kept(database: Database) -> list[Session]:
    """A visitor who is recalled, two sessions of one person on two phones, and a neighbour's."""
    sessions = [
        _session(1),
        _session(2, "person-1", 1),
        _session(3, "person-1", 2),
        _session(4, "person-2", 1),
    ]
    with database.transaction() as tx:
        for session in sessions:
            SESSIONS.add(tx, session)
    return sessions


def test_a_session_is_whole_again_and_sealed_in_the_table(database: Database, kept: list[Session]) -> None:
    with database.read() as tx:
        known = {session.token_hash: session for session in kept}
        assert SESSIONS.find(tx, [*known, b"nobody's"]) == known
        rows = str(tx.execute(text("SELECT * FROM sessions")).all())
        raw = tx.execute(text("SELECT payer, recalled, openid FROM sessions")).all()
    for plain in ("E12345678", "韦秀兰", "13800138000", "openid-1"):
        assert plain not in rows
        assert all(plain.encode() not in bytes(value) for row in raw for value in row if value)


def test_a_persons_sessions_are_found_the_last_used_first(database: Database, kept: list[Session]) -> None:
    with database.read() as tx:
        assert SESSIONS.of_person(tx, "person-1") == [kept[2], kept[1]]
        assert SESSIONS.of_person(tx, "nobody") == []


def test_older_phones_sessions_end_and_an_erased_persons_all(database: Database, kept: list[Session]) -> None:
    with database.transaction() as tx:
        end_sessions_of_older_phones(tx, "person-1", 2, SESSIONS)
        assert SESSIONS.of_person(tx, "person-1") == [kept[2]]
        assert SESSIONS.remove_of_person(tx, "person-1") == 1
        assert SESSIONS.remove_of_person(tx, "person-1") == 0
        assert SESSIONS.find(tx, [kept[0].token_hash]) == {kept[0].token_hash: kept[0]}
        assert SESSIONS.of_person(tx, "person-2") == [kept[3]]
