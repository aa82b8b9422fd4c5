"""Persons, challenges and limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _persons()
    _challenges()
    _code_limits()


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("person_id", sa.String(36), primary_key=True),
        sa.Column("identity", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("document_type", sa.String(3), nullable=False),
        sa.Column("document_number", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("phone", sa.LargeBinary, nullable=False),
        sa.Column("phone_index", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_login_at", _MOMENT, nullable=False),
    )
    op.create_index("persons_phone_index_idx", "persons", ["phone_index"])


def _challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("challenge_id", sa.String(36), primary_key=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("phone", sa.LargeBinary(32), nullable=False),
        sa.Column("identity", sa.LargeBinary(32), nullable=False),
        sa.Column("openid", sa.LargeBinary(32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
    )
    op.create_index("challenges_created_at_idx", "challenges", ["created_at"])
    live = sa.text("state = 'live'")
    op.create_index(
        "challenges_newest", "challenges", ["purpose", "phone"], unique=True,
        postgresql_where=live, sqlite_where=live,
    )  # fmt: skip


def _code_limits() -> None:
    op.create_table(
        "code_limits",
        sa.Column("scope", sa.String(16), primary_key=True),
        sa.Column("subject", sa.LargeBinary(32), primary_key=True),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
    )
    op.create_index("code_limits_ends_at_idx", "code_limits", ["ends_at"])
