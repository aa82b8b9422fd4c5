"""The migrations make exactly the tables the code uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kit.database import Database
from services.notify.models import metadata
from tests.integration.notify.conftest import upgrade


def _difference(database: Database) -> list[object]:
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def test_postgresql_has_the_tables_of_the_models(migrated: Database) -> None:
    assert _difference(migrated) == []


@pytest.mark.parametrize("times", [1, 2])
def test_sqlite_has_the_tables_of_the_models(tmp_path: Path, times: int) -> None:
    database = Database(f"sqlite:///{tmp_path}/notify.sqlite3")
    for _ in range(times):
        upgrade(database)
    assert _difference(database) == []
    database.engine.dispose()
