"""The contribution database on PostgreSQL, brought up by its own migrations and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from deploy.local.postgresql import PostgreSQL
from kit.database import Database
from services.contribution.models import tier_acts, tier_imports, tier_tables, tiers
from tests.integration.databases import upgrade


@pytest.fixture(scope="session")
def contribution_database(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("contribution"))
    upgrade("contribution", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def tx(contribution_database: Database) -> Iterator[Connection]:
    """A transaction over an empty table."""
    with contribution_database.transaction() as tx:
        for table in (tiers, tier_tables, tier_acts, tier_imports):
            tx.execute(table.delete())
        yield tx
