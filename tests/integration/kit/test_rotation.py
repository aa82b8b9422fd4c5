"""New keys while the service works: every row is brought over, killed and gone on with, and nobody's write is lost."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from contract.audit import RowFault
from contract.people import DocumentType, Person
from contract.rights import ConsentKind
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import wait_until
from kit.audit import JOURNAL
from kit.audit.rows import check_rows
from kit.crypto import KeyRing, personal_data_keys, row_seal_keys
from kit.database import Database
from kit.keys import main
from services.identity.models import SEALED, metadata
from services.identity.storage.consents import Consents
from services.identity.storage.logins import LoginStorage
from tests.factories.keys import KEYS
from tests.integration.databases import empty, upgrade
from tests.integration.kit.running import NEVER_ASKED, ROOT

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)
PEOPLE = 200


@pytest.fixture
def database(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("identity"))
    upgrade("identity", database)
    empty(database, metadata)
    yield database
    database.engine.dispose()


@pytest.fixture
def environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Rings with a second key, that is not in use yet, in the environment of this process and of others."""
    new = {
        name: f"{KEYS[name]},2:{secrets.token_hex(16)}" for name in ("PERSONAL_DATA_KEYS", "ROW_SEAL_KEYS")
    }
    url = database.engine.url.render_as_string(hide_password=False)
    given = {**KEYS, **NEVER_ASKED, "AMQP_URI": "memory://", "IDENTITY_HTTP_ADDRESS": "127.0.0.1:0",
             "IDENTITY_DATABASE_URL": url, **new}  # fmt: skip
    yield given
    for ring in (personal_data_keys, row_seal_keys):
        ring.cache_clear()


def use(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for ring in (personal_data_keys, row_seal_keys):
        ring.cache_clear()


def person(number: int) -> Person:
    return Person(DocumentType.RESIDENT_ID, f"4501031978061{number:05d}", f"韦{number}")


def fill(database: Database) -> None:
    with database.transaction() as tx:
        for number in range(PEOPLE):
            LoginStorage().enter(tx, f"person-{number}", person(number), "13800138000", NOW)
            Consents().give(tx, f"person-{number}", ConsentKind.PRIVACY, "1", NOW)


def left(database: Database, table: str, column: str) -> int:
    with database.read() as connection:
        asked = text(f"SELECT count(*) FROM {table} WHERE substr({column}, 1, 1) = '\\x01'")
        return int(connection.execute(asked).scalar_one())


def test_a_killed_rotation_goes_on_and_loses_nothing(
    database: Database, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    use(environment, monkeypatch)
    command = [sys.executable, "-m", "kit.keys", "rotate", "identity", "--batch", "10", "--pause", "0.3"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    assert wait_until(lambda: left(database, "persons", "name") < PEOPLE, 60)
    process.kill()
    process.wait()
    between = left(database, "persons", "name")
    assert 0 < between < PEOPLE, "it was killed on its way"
    with (
        database.transaction() as tx
    ):  # the service goes on meanwhile, and one row is written by nobody we know
        LoginStorage().enter(tx, "", person(7), "13900139000", NOW)
        tx.execute(text("UPDATE persons SET phone = '\\x0101' WHERE person_id = 'person-9'"))
    said: list[str] = []
    assert main(["rotate", "identity"], said.append) == 1, "one row cannot be read"
    assert any("persons" in line and "1 行无法解密" in line for line in said)
    assert left(database, "persons", "name") == 1
    with database.transaction() as tx:
        tx.execute(text("DELETE FROM persons WHERE person_id = 'person-9'"))
    assert main(["rotate", "identity"], said.append) == 0
    assert main(["status", "identity"], said.append) == 0
    assert not any(line.startswith("…") for line in said[-10:])
    monkeypatch.setenv("PERSONAL_DATA_KEYS", environment["PERSONAL_DATA_KEYS"].partition(",")[2])
    personal_data_keys.cache_clear()
    assert personal_data_keys().active == 2
    with database.transaction() as tx:
        for number in set(range(PEOPLE)) - {9}:
            known, _ = LoginStorage().enter(tx, "", person(number), "13900139000", NOW)
            assert known.person_id == f"person-{number}", "the blind index finds them as before"
    assert whole(database)


def test_seals_follow_their_key_and_a_broken_one_is_not_mended_by_it(
    database: Database, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    with database.transaction() as tx:
        tx.execute(text("UPDATE consents SET version = '9' WHERE person_id = 'person-3'"))
    use(environment, monkeypatch)
    main(["rotate", "identity"], lambda _: None)
    assert left(database, "consents", "seal") == 1
    assert not whole(database)
    with database.snapshot() as snapshot:
        assert [one.fault for one in check_rows(snapshot, SEALED, JOURNAL)] == [RowFault.ALTERED]


def test_a_starred_key_seals_until_every_process_has_the_new_one(environment: dict[str, str]) -> None:
    old, new = environment["PERSONAL_DATA_KEYS"].split(",")
    meanwhile = KeyRing.parse(f"{old.replace('1:', '1*:')},{new}")
    assert meanwhile.active == 1


def whole(database: Database) -> bool:
    with database.snapshot() as snapshot:
        return not list(check_rows(snapshot, SEALED, JOURNAL))
