"""The payment database on PostgreSQL, brought up by its own migrations and emptied for each test; and the office that
reconciles, on SQLite too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from services.payment.models import metadata
from services.payment.storage.orders import OrderStorage
from tests.fakes.payment_storage import FakeOrderStorage
from tests.integration.databases import empty, upgrade
from tests.integration.payment.databases import PARALLEL
from tests.integration.payment.office import Office, an_office
from tests.integration.payment.stores import Store


@pytest.fixture(scope="session")
def migrated(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("payment"), pool_size=PARALLEL)
    upgrade("payment", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    empty(migrated, metadata)
    return migrated


@pytest.fixture(params=["postgresql", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "postgresql":
        yield an_office(request.getfixturevalue("database"))
        return
    database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
    upgrade("payment", database)
    yield an_office(database)
    database.engine.dispose()


@pytest.fixture(params=["postgresql", "sqlite", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "fake":
        fake = FakeOrderStorage()
        yield Store(fake, fake)
    elif request.param == "postgresql":
        yield Store(request.getfixturevalue("database"), OrderStorage())
    else:
        database = Database(f"sqlite:///{tmp_path}/payment.sqlite3")
        upgrade("payment", database)
        yield Store(database, OrderStorage())
        database.engine.dispose()
