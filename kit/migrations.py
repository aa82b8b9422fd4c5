"""Alembic for services: what upgrades a database, and what every migrations/env.py calls."""

from __future__ import annotations

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData

import services

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


def upgrade(service: str, connection: Connection) -> None:
    """Bring a service's database to its newest revision; every service keeps its own history."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(services.__path__[0]) / service / "migrations"))
    command.upgrade(config, "head")


def run(metadata: MetaData) -> None:
    """Called by env.py: run the revisions on the connection `upgrade` was given."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True,
        render_as_batch=True, transactional_ddl=True,
    )  # fmt: skip
    context.run_migrations()
