"""Sessions and journeys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("openid", sa.LargeBinary, nullable=False),
        sa.Column("openid_index", sa.LargeBinary(32), nullable=False),
        sa.Column("person_id", sa.String(36)),
        sa.Column("payer", sa.LargeBinary),
        sa.Column("csrf_token", sa.String(43), nullable=False),
        sa.Column("challenge_id", sa.String(64)),
        sa.Column("resend_at", moment),
        sa.Column("consent_version", sa.String(16)),
        sa.Column("consented_at", moment),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="sessions_pkey"),
    )
    op.create_index("sessions_openid", "sessions", ["openid_index"])
    op.create_index("sessions_person", "sessions", ["person_id"])
    op.create_index("sessions_last_seen", "sessions", ["last_seen_at"])
    op.create_table(
        "journeys",
        sa.Column("journey_id", sa.String(36), nullable=False),
        sa.Column("payer_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("order_id", sa.String(64)),
        sa.Column("draft", sa.LargeBinary, nullable=False),
        sa.Column("enrolment_asked_at", moment),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("journey_id", name="journeys_pkey"),
    )
    op.create_index("journeys_payer", "journeys", ["payer_id", "created_at"])
    op.create_index("journeys_updated", "journeys", ["updated_at"])
    open_only = sa.text("state = 'open'")
    op.create_index(
        "journeys_open", "journeys", ["payer_id"], unique=True,
        postgresql_where=open_only, sqlite_where=open_only,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("journeys")
    op.drop_table("sessions")
