"""Accounts, sessions and the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kit.audit.tables import create_journal

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("pooling_code", sa.String(6), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_at", moment),
        sa.Column("locked_until", moment),
        sa.Column("disabled_at", moment),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_login_at", moment),
        sa.Column("seal", sa.LargeBinary(33)),
        sa.PrimaryKeyConstraint("account", name="accounts_pkey"),
    )
    op.create_table(
        "passwords",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("set_at", moment, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="passwords_account_fkey"),
        sa.PrimaryKeyConstraint("account", "set_at", name="passwords_pkey"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", moment),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="recovery_codes_account_fkey"),
        sa.PrimaryKeyConstraint("account", "code_hash", name="recovery_codes_pkey"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("csrf_token", sa.String(43), nullable=False),
        sa.Column("offered", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="sessions_account_fkey"),
        sa.PrimaryKeyConstraint("token_hash", name="sessions_pkey"),
    )
    op.create_index("sessions_account", "sessions", ["account", "created_at"])
    op.create_table(
        "refusals",
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("hour", moment, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("address", "hour", name="refusals_pkey"),
    )
    create_journal(op)


def downgrade() -> None:
    for table in (
        "journal_marks",
        "journal",
        "refusals",
        "sessions",
        "recovery_codes",
        "passwords",
        "accounts",
    ):
        op.drop_table(table)
