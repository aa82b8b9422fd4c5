"""Batches: one payment for several people, and their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(36), primary_key=True),
        sa.Column("payer_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("order_id", sa.String(64)),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("batches_payer", "batches", ["payer_id", "created_at"])
    op.create_index("batches_updated", "batches", ["updated_at"])
    open_only = sa.text("state = 'open'")
    op.create_index(
        "batches_open", "batches", ["payer_id"], unique=True,
        postgresql_where=open_only, sqlite_where=open_only,
    )  # fmt: skip
    op.create_table(
        "batch_lines",
        sa.Column("line_id", sa.String(36), primary_key=True),
        sa.Column(
            "batch_id", sa.String(36), sa.ForeignKey("batches.batch_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("draft", sa.LargeBinary, nullable=False),
        sa.Column("asked_at", _MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("batch_lines_batch", "batch_lines", ["batch_id", "position"])


def downgrade() -> None:
    op.drop_table("batch_lines")
    op.drop_table("batches")
