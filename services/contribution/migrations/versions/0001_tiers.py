"""The authorities' tiers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tiers",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("pooling_code", sa.String(6), nullable=False),
        sa.Column("payer_kind", sa.String(1), nullable=False),
        sa.Column("insurance_type", sa.String(16), nullable=False),
        sa.Column("from_year", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="tiers_pkey"),
        sa.UniqueConstraint(
            "pooling_code",
            "payer_kind",
            "insurance_type",
            "from_year",
            "code",
            name="tiers_pooling_code_payer_kind_insurance_type_from_year_code_key",
        ),
    )
