"""Requests by caller and minute, of all replicas; events of the gateway's own."""

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
    _create_outbox()


def _create_outbox() -> None:
    unpublished = sa.text("published_at IS NULL")
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("aggregate", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        sa.UniqueConstraint("event_id", name="outbox_event_id_key"),
    )
    op.create_index(
        "outbox_waiting", "outbox", ["aggregate", "id"],
        postgresql_where=unpublished, sqlite_where=unpublished,
    )  # fmt: skip
    op.create_index("outbox_published", "outbox", ["published_at"])
