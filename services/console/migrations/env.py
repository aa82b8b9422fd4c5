"""Alembic environment of the console."""

from kit import migrations
from services.console.models import metadata

migrations.run(metadata)
