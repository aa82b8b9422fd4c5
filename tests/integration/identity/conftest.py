"""The identity database on PostgreSQL, brought up by its own migrations and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from services.identity import models
from tests.integration.databases import upgrade


@pytest.fixture(scope="session")
def migrated(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("identity"), pool_size=60)
    upgrade("identity", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    with migrated.transaction() as tx:
        for table in models.metadata.sorted_tables:
            tx.execute(table.delete())
    return migrated
