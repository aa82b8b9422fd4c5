"""What other tax systems told, the place's code of our own lines, and downloads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("place_code", sa.String(12), nullable=False, server_default=""))
    _create_external_payments()
    _create_exports()


def _create_external_payments() -> None:
    op.create_table(
        "external_payments",
        sa.Column("line_id", sa.String(64), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("insured_index", sa.LargeBinary(32), nullable=False),
        sa.Column("operator_index", sa.LargeBinary(32)),
        sa.Column("insured_number", sa.LargeBinary, nullable=False),
        sa.Column("insured_name", sa.LargeBinary, nullable=False),
        sa.Column("social_number", sa.LargeBinary, nullable=False),
        sa.Column("place", sa.LargeBinary),
        sa.Column("place_code", sa.String(12), nullable=False),
        sa.Column("insurance_type", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("agency_code", sa.String(20), nullable=False),
        sa.Column("agency_name", sa.String(100), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("said_at", _MOMENT, nullable=False),
        sa.Column("event_key", sa.String(64), nullable=False),
        sa.Column("first_heard_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("line_id", name="external_payments_pkey"),
    )
    op.create_index("external_payments_insured_index_idx", "external_payments", ["insured_index"])
    op.create_index(
        "external_payments_of_operator", "external_payments", ["operator_index", "first_heard_at"]
    )


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("export_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("filter", sa.JSON, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("rows", sa.Integer),
        sa.Column("complete", sa.Boolean),
        sa.PrimaryKeyConstraint("export_id", name="exports_pkey"),
    )
    op.create_index("exports_person_id_idx", "exports", ["person_id"])
