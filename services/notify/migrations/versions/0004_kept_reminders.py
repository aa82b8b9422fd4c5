"""Reminders past their time are found by when they were made."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("messages_created_at_idx", "messages", ["created_at"])


def downgrade() -> None:
    op.drop_index("messages_created_at_idx", "messages")
