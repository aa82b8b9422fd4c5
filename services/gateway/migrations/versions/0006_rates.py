"""Requests by caller and minute, of all replicas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("caller", sa.LargeBinary(32), primary_key=True),
        sa.Column("minute", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
    )
    op.create_index("rates_minute", "rates", ["minute"])
