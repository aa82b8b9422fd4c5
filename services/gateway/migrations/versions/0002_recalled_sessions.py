"""Whom a visitor was recalled as, what a login is bound to, and the inbox of identity's events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("recalled", sa.LargeBinary))
    op.add_column("sessions", sa.Column("logged_in_at", _MOMENT))
    op.add_column("sessions", sa.Column("phone_version", sa.Integer))
    op.add_column("sessions", sa.Column("device", sa.String(40)))
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", _MOMENT),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_index("inbox_due", "inbox", ["state", "next_at"], postgresql_where=sa.text("state <> 'done'"))
