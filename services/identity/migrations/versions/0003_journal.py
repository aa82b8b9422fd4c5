"""The audit journal, and seals (docs/adr/0024). They may be NULL: the version that runs meanwhile writes none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kit.audit.tables import create_journal

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_journal(op)
    op.add_column("consents", sa.Column("seal", sa.LargeBinary(33)))
