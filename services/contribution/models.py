"""Tables of the contribution service."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.lease import lease_table
from kit.migrations import new_metadata

metadata = new_metadata()

tier_imports = Table(
    "tier_imports", metadata,
    Column("import_id", String(36), primary_key=True),
    Column("pooling_code", String(6), nullable=False),
    Column("file_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tables", JSON, nullable=False),
    Column("compared_with", JSON, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("submitted_by", String(64), nullable=False),
    Column("decided_by", String(64)),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("state IN ('draft', 'submitted', 'approved', 'rejected')", name="state"),
    # Four eyes, whatever the code above does.
    CheckConstraint("state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> submitted_by)", name="four_eyes"),
)  # fmt: skip
Index("tier_imports_created_at_idx", tier_imports.c.created_at)

tier_acts = Table(
    "tier_acts", metadata,
    Column("act_id", Integer, primary_key=True),
    Column("import_id", String(36), ForeignKey("tier_imports.import_id"), nullable=False, index=True),
    Column("act", String(16), nullable=False),
    Column("operator_id", String(64), nullable=False),
    Column("operator_name", EncryptedText("tier_acts.operator_name"), nullable=False),
    Column("pooling_code", String(6), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", String(200), nullable=False),
)  # fmt: skip

tier_tables = Table(
    "tier_tables", metadata,
    Column("table_id", String(48), primary_key=True),
    Column("pooling_code", String(6), nullable=False),
    Column("payer_kind", String(1), nullable=False),
    Column("insurance_type", String(16), nullable=False),
    Column("from_year", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(64), nullable=False),
    Column("base_minimum", BigInteger),
    Column("base_maximum", BigInteger),
    Column("ratio", Integer),
    Column("months", Integer),
    Column("import_id", String(36), ForeignKey("tier_imports.import_id")),
    Column("at", Moment),
    # Of two approvals that saw the same version, one makes the next.
    UniqueConstraint(
        "pooling_code", "payer_kind", "insurance_type", "from_year", "version", name="tier_tables_version_key",
    ),
)  # fmt: skip

tiers = Table(
    "tiers", metadata,
    Column("table_id", String(48), ForeignKey("tier_tables.table_id"), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("label", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("base", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
)  # fmt: skip

upstream_leases = lease_table(metadata)

kept_enrolments = Table(
    "kept_enrolments", metadata,
    Column("person_index", BlindIndex("kept_enrolment"), primary_key=True),
    Column("enrolment", EncryptedJson("kept_enrolments.enrolment"), nullable=False),
    Column("as_of", Moment, nullable=False),
)  # fmt: skip
Index("kept_enrolments_as_of_idx", kept_enrolments.c.as_of)
