"""Which pooling level a school's authorisation belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("schools", sa.Column("pooling_code", sa.String(6), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("schools", "pooling_code")
