"""The register, the sealed files, schools and their lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _certificates()
    _files_and_acts()
    _schools()
    _inbox()


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.String(36), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("check_code", sa.LargeBinary, nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("person_index", sa.LargeBinary(32), nullable=False),
        sa.Column("idempotency_key", sa.String(80), nullable=False),
        sa.Column("batch_id", sa.String(36)),
        sa.Column("position", sa.Integer),
        sa.Column("person", sa.LargeBinary),
        sa.Column("period_from", sa.String(6), nullable=False),
        sa.Column("period_to", sa.String(6), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("authority_code", sa.String(11), nullable=False),
        sa.Column("authority_name", sa.String(64), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("line_count", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("file_hash", sa.LargeBinary(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("issued_at", _MOMENT),
        sa.Column("voided_at", _MOMENT),
        sa.Column("void_reason", sa.Text, nullable=False),
        sa.Column("replaced_by", sa.String(36), nullable=False),
        sa.UniqueConstraint("person_id", "idempotency_key"),
    )
    op.create_index("certificates_batch_id_idx", "certificates", ["batch_id"])
    op.create_index("certificates_file_hash_idx", "certificates", ["file_hash"])
    op.create_index("certificates_of_person", "certificates", ["person_id", "asked_at"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "certificates_waiting", "certificates", ["due_at"], postgresql_where=waiting, sqlite_where=waiting
    )
    own = sa.text("state = 'waiting' AND batch_id IS NULL")
    op.create_index(
        "certificates_one_waiting", "certificates", ["person_index", "period_from", "period_to"], unique=True,
        postgresql_where=own, sqlite_where=own,
    )  # fmt: skip


def _files_and_acts() -> None:
    op.create_table(
        "certificate_files",
        sa.Column("certificate_id", sa.String(36), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("kept_until", _MOMENT, nullable=False),
    )
    op.create_index("certificate_files_kept_until_idx", "certificate_files", ["kept_until"])
    op.create_table(
        "certificate_acts",
        sa.Column("act_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("certificate_id", sa.String(36), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("certificate_acts_certificate_id_idx", "certificate_acts", ["certificate_id"])
    op.create_table(
        "check_counts",
        sa.Column("subject", sa.LargeBinary(32), primary_key=True),
        sa.Column("hour", _MOMENT, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def _schools() -> None:
    op.create_table(
        "schools",
        sa.Column("school_id", sa.String(36), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("operator_index", sa.LargeBinary(32), nullable=False),
        sa.Column("authorised_by", sa.String(64), nullable=False),
        sa.Column("authorised_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
    )
    op.create_index("schools_operator_index_idx", "schools", ["operator_index"])
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(36), primary_key=True),
        sa.Column("school_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("period_from", sa.String(6), nullable=False),
        sa.Column("period_to", sa.String(6), nullable=False),
        sa.Column("roll_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("school_id", "roll_hash", "period_from", "period_to"),
    )


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
