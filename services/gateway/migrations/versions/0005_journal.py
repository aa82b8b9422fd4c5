"""The audit journal (docs/adr/0024)."""

from __future__ import annotations

from alembic import op

from kit.audit.tables import create_journal

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_journal(op)
