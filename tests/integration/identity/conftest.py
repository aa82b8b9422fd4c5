"""The identity database on PostgreSQL, brought up by its own migrations and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from services.identity import models
from tests.integration.databases import empty, upgrade


@pytest.fixture(scope="session")
def migrated(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("identity"), pool_size=60)
    upgrade("identity", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    empty(migrated, models.metadata)
    return migrated
