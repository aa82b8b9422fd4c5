"""The ticket that pages for WeChat's JS-SDK are signed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "sdk_tickets",
        sa.Column("name", sa.String(8), primary_key=True),
        sa.Column("ticket", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetching_until", sa.DateTime(timezone=True), nullable=False),
    )
