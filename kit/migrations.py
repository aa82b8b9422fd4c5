"""What every service's migrations/env.py does: run its revisions on the connection it is given."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, MetaData

from kit.database import Database

CONVENTION = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


def new_metadata() -> MetaData:
    """Metadata whose constraints have predictable names, so that migrations can speak of them."""
    return MetaData(naming_convention=CONVENTION)


def run(metadata: MetaData) -> None:
    """Called by env.py."""
    attributes = context.config.attributes
    if connection := attributes.get("connection"):
        _upgrade(connection, metadata)
    else:
        with Database(attributes["database_url"]).transaction() as own:
            _upgrade(own, metadata)


def _upgrade(connection: Connection, metadata: MetaData) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, render_as_batch=True,
        transactional_ddl=True,
    )  # fmt: skip
    context.run_migrations()
