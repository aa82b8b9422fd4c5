"""The journal on PostgreSQL: nothing is changed, several replicas chain once, the collector misses nothing."""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contract.audit import Act, Action
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base, wait_until
from kit.audit import Journal
from kit.audit.__main__ import main
from kit.audit.chainer import BATCH, Chain
from kit.audit.checking import check
from kit.audit.streaming import CollectorAway
from kit.clock import SystemClock
from kit.database import Database
from services.identity.config import Config
from services.identity.models import metadata
from tests.factories.keys import KEYS, STAFF_KEYS
from tests.integration.databases import empty, upgrade
from tests.integration.kit.certificates import Authority
from tests.integration.kit.running import NEVER_ASKED, ROOT

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def migrated(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("identity"), pool_size=20)
    upgrade("identity", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    empty(migrated, metadata)
    return migrated


def settings(database: Database, **changed: Any) -> Config:
    values = {name.lower(): value for name, value in {**KEYS, **NEVER_ASKED}.items()} | {
        "database_url": database.engine.url.render_as_string(hide_password=False), "http_address": "127.0.0.1:0",
        "amqp_uri": "memory://", "staff_keys": STAFF_KEYS,
    }  # fmt: skip
    return Config(**values | changed)


def chain_of(database: Database, **changed: Any) -> Chain:
    return Chain("identity", settings(database, **changed), database, SystemClock())


def fill(database: Database, number: int, now: dt.datetime = NOW) -> None:
    with database.transaction() as tx:
        for place in range(number):
            Journal().add(tx, Act("resident:p-1", Action.LOGIN, f"person:{place}"), now)


def faults(database: Database) -> list[str]:
    with database.snapshot() as snapshot:
        return [f"{one.fault} {one.subject}" for one in check(snapshot, Journal(), SystemClock().now())]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET actor = 'resident:p-2'", "UPDATE journal SET detail = '{\"a\": 1}'",
        "UPDATE journal SET sequence = sequence + 1", "UPDATE journal SET sequence = NULL, link = NULL",
        "UPDATE journal SET seal = NULL", "DELETE FROM journal", "TRUNCATE journal",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_the_journal(database: Database, statement: str) -> None:
    fill(database, 3, SystemClock().now())
    assert chain_of(database).chain() == 3
    with pytest.raises(DBAPIError, match="only added to"), database.transaction() as tx:
        tx.execute(text(statement))
    assert faults(database) == []


def test_only_what_is_old_and_chained_may_be_deleted(database: Database) -> None:
    long_ago = SystemClock().now() - dt.timedelta(days=1200)
    fill(database, 3, long_ago)
    fill(database, 2, SystemClock().now())
    with pytest.raises(DBAPIError, match="only added to"), database.transaction() as tx:
        tx.execute(text("DELETE FROM journal"))
    chain = chain_of(database)
    chain.chain()
    assert chain.keep() == 3, "three years are over"
    assert chain.keep() == 0
    assert faults(database) == []


def test_replicas_chain_every_act_once(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        chains = [chain_of(database) for _ in range(3)]
        filling = [pool.submit(fill, database, 40) for _ in range(8)]
        chaining = [pool.submit(_chain_all, chain) for chain in chains for _ in range(3)]
        for work in (*filling, *chaining):
            work.result()
    while chains[0].chain():
        pass
    with database.read() as connection:
        numbers = connection.execute(text("SELECT sequence FROM journal ORDER BY sequence")).scalars().all()
    assert numbers == list(range(1, 321))
    assert faults(database) == []


def _chain_all(chain: Chain) -> None:
    while chain.chain():
        pass


def test_the_command_tells_what_a_superuser_did(
    database: Database, postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(database, 5)
    chain_of(database).chain()
    given = {
        **KEYS,
        **NEVER_ASKED,
        "IDENTITY_STAFF_KEYS": STAFF_KEYS,
        "AMQP_URI": "memory://",
        "IDENTITY_HTTP_ADDRESS": "127.0.0.1:0",
    }
    for name, value in (given | {"IDENTITY_DATABASE_URL": postgres.url("identity")}).items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    assert main(["anchors", "identity", "--to", str(tmp_path)], said.append) == 0
    assert main(["verify", "identity", "--anchors", str(tmp_path)], said.append) == 0
    assert said[-1] == "identity：核对 5 条，全部一致"
    with database.transaction() as tx:
        tx.execute(text("SET LOCAL journal.restoring = 'on'"))
        tx.execute(text("UPDATE journal SET target = 'person:9' WHERE sequence = 2"))
        tx.execute(text("DELETE FROM journal WHERE sequence = 4"))
    assert main(["verify", "identity", "--json"], said.append) == 1
    told = [json.loads(line) for line in said[-3:]]
    assert [(one["fault"], one["subject"]) for one in told[:2]] == [("edited", "2"), ("removed", "4")]
    assert told[2] == {"service": "identity", "acts": 4, "findings": 2}
    assert main(["list", "identity", "--limit", "1"], said.append) == 0
    assert "登录" in said[-1]


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A collector that runs, the settings that lead to it, and the file of what it has."""
    authority = Authority(tmp_path)
    certificate, key = authority.certify("collector")
    own, own_key = authority.certify("identity")
    port, file = free_base(), tmp_path / "collected"
    command = [sys.executable, "-m", "tests.integration.kit.collector", str(port), str(certificate), str(key),
               str(authority.path), str(file)]  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT)
        assert wait_until(lambda: _listens(port), 60)
        return process

    running = {"process": start(), "start": start, "file": file, "settings": {
        "audit_collector": f"127.0.0.1:{port}", "audit_collector_ca": str(authority.path),
        "audit_collector_certificate": str(own), "audit_collector_key": str(own_key),
    }}  # fmt: skip
    yield running
    running["process"].kill()
    running["process"].wait()


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def test_the_collector_hears_every_act_in_order_even_when_it_was_away(
    database: Database, collected: dict[str, Any]
) -> None:
    chain = chain_of(database, **collected["settings"])
    fill(database, BATCH + 20)
    chain.chain()
    chain.chain()
    assert chain.tell() == BATCH
    collected["process"].kill()
    collected["process"].wait()
    with pytest.raises(CollectorAway):
        chain.tell()
    collected["process"] = collected["start"]()
    assert chain_of(database, **collected["settings"]).tell() == 20, "another replica goes on"
    assert chain.tell() == 0
    lines = collected["file"].read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("<109>1 2026-11-23T00:05:00+00:00 ") and " identity - login - \ufeff{" in line
               for line in lines)  # fmt: skip
    told = [json.loads(line.partition("\ufeff")[2]) for line in lines]
    assert [one["sequence"] for one in told] == list(range(1, BATCH + 21))
    assert (told[0]["actor"], told[0]["title"], told[0]["result"]) == ("resident:p-1", "登录", "ok")


def test_a_collector_nobody_vouches_for_hears_nothing(
    database: Database, collected: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = {**collected["settings"], "audit_collector_ca": str(Authority(tmp_path / "other").path)}
    chain = chain_of(database, **stranger)
    fill(database, 1)
    chain.chain()
    with pytest.raises(CollectorAway):
        chain.tell()
    assert collected["file"].read_bytes() == b""
