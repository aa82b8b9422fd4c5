"""Databases as the services' own migrations make them."""

from __future__ import annotations

from kit import migrations
from kit.database import Database


def upgrade(service: str, database: Database) -> None:
    """Run a service's migrations as `python -m kit.migrate` does."""
    with database.transaction() as connection:
        migrations.upgrade(service, connection)
