"""The migrations of every service make exactly the tables its code uses."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import services
from deploy.local.postgresql import PostgreSQL
from deploy.topology import SERVICES
from kit.database import Database
from tests.integration.databases import upgrade

MIGRATED = [name for name in SERVICES if (Path(services.__path__[0]) / name / "migrations").is_dir()]


def difference(service: str, database: Database) -> list[object]:
    metadata = importlib.import_module(f"services.{service}.models").metadata
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def constraint_names(service: str, database: Database) -> dict[str, set[str | None]]:
    """Names of unique constraints and indexes by table: autogenerate does not compare partial conditions."""
    metadata = importlib.import_module(f"services.{service}.models").metadata
    inspector = inspect(database.engine)
    return {
        table: {index["name"] for index in inspector.get_indexes(table)}
        | {unique["name"] for unique in inspector.get_unique_constraints(table)}
        for table in metadata.tables
    }


@pytest.mark.parametrize("service", MIGRATED)
def test_postgresql_has_the_tables_of_the_models(postgres: PostgreSQL, service: str) -> None:
    database = Database(postgres.url(service))
    upgrade(service, database)
    assert difference(service, database) == []
    database.engine.dispose()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("service", MIGRATED)
def test_sqlite_has_the_tables_of_the_models(tmp_path: Path, service: str, times: int) -> None:
    database = Database(f"sqlite:///{tmp_path}/{service}.sqlite3")
    for _ in range(times):
        upgrade(service, database)
    assert difference(service, database) == []
    database.engine.dispose()


@pytest.mark.parametrize("service", MIGRATED)
def test_the_migrated_indexes_are_those_the_models_would_make(
    postgres: PostgreSQL, tmp_path: Path, service: str
) -> None:
    migrated, created = Database(postgres.url(service)), Database(f"sqlite:///{tmp_path}/models.sqlite3")
    upgrade(service, migrated)
    importlib.import_module(f"services.{service}.models").metadata.create_all(created.engine)
    assert constraint_names(service, migrated) == constraint_names(service, created)
    migrated.engine.dispose()
    created.engine.dispose()
