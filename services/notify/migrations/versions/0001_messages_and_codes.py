"""Reminders, codes and the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _messages()
    _codes()
    _inbox()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(36), primary_key=True),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("recipient", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("phone", sa.LargeBinary, nullable=False),
        sa.Column("variables", sa.LargeBinary, nullable=False),
        sa.Column("template_version", sa.String(32), nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", _MOMENT),
        sa.Column("due_at", _MOMENT),
        sa.Column("serial", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("event_id", "recipient", "kind"),
    )
    waiting = sa.text("state IN ('queued', 'sending')")
    op.create_index(
        "messages_waiting", "messages", ["due_at"], postgresql_where=waiting, sqlite_where=waiting
    )


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("reference", sa.String(64), primary_key=True),
        sa.Column("recipient", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("serial", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_index("codes_created_at_idx", "codes", ["created_at"])


def _inbox() -> None:
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
