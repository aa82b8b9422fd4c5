"""Alembic environment of the gateway."""

from kit import migrations
from services.gateway.models import metadata

migrations.run(metadata)
