"""Databases as the services' own migrations make them."""

from __future__ import annotations

from sqlalchemy import MetaData, text

from kit import migrations
from kit.audit.tables import RESTORING
from kit.database import Database


def upgrade(service: str, database: Database) -> None:
    """Run a service's migrations as `python -m kit.migrate` does."""
    with database.transaction() as connection:
        migrations.upgrade(service, connection)


def empty(database: Database, metadata: MetaData) -> None:
    """Forget everything, the journal too."""
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.execute(text(RESTORING))
        for table in reversed(metadata.sorted_tables):
            # Nothing is deleted from it; nothing keeps its owner from emptying it.
            tx.execute(text("TRUNCATE query_audit") if table.name == "query_audit" else table.delete())
