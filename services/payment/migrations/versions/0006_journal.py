"""The audit journal (docs/adr/0024)."""

from __future__ import annotations

from alembic import op

from kit.audit.tables import create_journal

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_journal(op)
