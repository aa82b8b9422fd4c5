"""Leases of limited upstreams, and the last enrolment of a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "upstream_leases",
        sa.Column("upstream", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("held_until", moment, nullable=False),
        sa.PrimaryKeyConstraint("upstream", name="upstream_leases_pkey"),
    )
    op.create_table(
        "kept_enrolments",
        sa.Column("person_index", sa.LargeBinary(32), nullable=False),
        sa.Column("enrolment", sa.LargeBinary, nullable=False),
        sa.Column("as_of", moment, nullable=False),
        sa.PrimaryKeyConstraint("person_index", name="kept_enrolments_pkey"),
    )
    op.create_index("kept_enrolments_as_of_idx", "kept_enrolments", ["as_of"])
