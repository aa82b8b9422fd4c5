"""The payment database on PostgreSQL, brought up by its own migrations and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from services.payment.models import metadata
from tests.integration.databases import empty, upgrade
from tests.integration.payment.databases import PARALLEL


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
