"""Tripartite agreements and their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_LIVE = sa.text("live")
_HAS_ACTION = sa.text("next_action_at IS NOT NULL")


def upgrade() -> None:
    _create_agreements()
    op.create_table(
        "agreement_history",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("agreement_id", sa.String(32), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="agreement_history_pkey"),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.agreement_id"], name="agreement_history_agreement_id_fkey"
        ),
    )
    op.create_index("agreement_history_agreement_id_idx", "agreement_history", ["agreement_id"])


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("agreement_id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("person_index", sa.LargeBinary(32), nullable=False),
        sa.Column("account_index", sa.LargeBinary(32), nullable=False),
        sa.Column("registration_number", sa.String(40), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("bank_name", sa.String(64), nullable=False),
        sa.Column("clearing_number", sa.String(12), nullable=False),
        sa.Column("account_tail", sa.String(4), nullable=False),
        sa.Column("account_number", sa.LargeBinary),
        sa.Column("holder", sa.LargeBinary),
        sa.Column("agency_name", sa.String(100), nullable=False),
        sa.Column("authority_code", sa.String(20), nullable=False),
        sa.Column("consent_version", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("in_doubt", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("next_action_at", _MOMENT),
        sa.Column("looked_at", _MOMENT),
        sa.Column("held_until", _MOMENT),
        sa.Column("active_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("words", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", name="agreements_pkey"),
        sa.UniqueConstraint("person_id", "idempotency_key", name="agreements_person_id_idempotency_key_key"),
    )
    op.create_index(
        "agreements_one_live", "agreements", ["person_index", "account_index"], unique=True,
        postgresql_where=_LIVE, sqlite_where=_LIVE,
    )  # fmt: skip
    op.create_index(
        "agreements_due",
        "agreements",
        ["next_action_at"],
        postgresql_where=_HAS_ACTION,
        sqlite_where=_HAS_ACTION,
    )
