"""Databases as the services' own migrations make them."""

from __future__ import annotations

import os

from kit import migrations
from kit.database import Database

os.environ.setdefault("BLIND_INDEX_KEY", "5a" * 32)
os.environ.setdefault("PERSONAL_DATA_KEYS", "1:" + "3c" * 16)
os.environ.setdefault("ROW_SEAL_KEYS", "1:" + "6e" * 16)


def upgrade(service: str, database: Database) -> None:
    """Run a service's migrations as `python -m kit.migrate` does."""
    with database.transaction() as connection:
        migrations.upgrade(service, connection)
