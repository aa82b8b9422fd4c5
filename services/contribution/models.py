"""Tables of the contribution service."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
)

from kit.audit import journal_table
from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.inbox import inbox_table
from kit.lease import lease_table
from kit.migrations import new_metadata
from kit.seals import RowSeal, seal_column

metadata = new_metadata()

_SERIAL = BigInteger().with_variant(Integer, "sqlite")

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
    seal_column(),
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
    seal_column(),
    CheckConstraint("amount > 0", name="amount"),
)  # fmt: skip

TABLE_SEAL = RowSeal(
    tier_tables, "table_id", "pooling_code", "payer_kind", "insurance_type", "from_year", "version", "source",
    "base_minimum", "base_maximum", "ratio", "months", "import_id", "at",
)  # fmt: skip
TIER_SEAL = RowSeal(tiers, "table_id", "code", "position", "label", "amount", "base")
SEALED = (TABLE_SEAL, TIER_SEAL)
"""What decides how much anybody owes (docs/adr/0024)."""

upstream_leases = lease_table(metadata)
journal = journal_table(metadata)
inbox = inbox_table(metadata)

kept_enrolments = Table(
    "kept_enrolments", metadata,
    Column("person_index", BlindIndex("kept_enrolment"), primary_key=True),
    Column("enrolment", EncryptedJson("kept_enrolments.enrolment"), nullable=False),
    Column("as_of", Moment, nullable=False),
)  # fmt: skip
Index("kept_enrolments_as_of_idx", kept_enrolments.c.as_of)

query_audit = Table(
    "query_audit", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("query_id", String(36), nullable=False),
    Column("at", Moment, nullable=False),
    Column("act", String(32), nullable=False),
    Column("asker_id", String(36), nullable=False),
    Column("asked_as", String(8), nullable=False),
    Column("person_index", BlindIndex("query_audit.person"), nullable=False),
    Column("person", EncryptedJson("query_audit.person"), nullable=False),
    Column("outcome", String(32), nullable=False),
)  # fmt: skip
"""Who asked what about whom. Rows are only ever added: one before anybody else is asked, one with the result; what is
older than the journal keeps its acts goes from the beginning."""
Index("query_audit_asker_idx", query_audit.c.asker_id, query_audit.c.at)
Index("query_audit_person_idx", query_audit.c.person_index, query_audit.c.at)

voidings = Table(
    "voidings", metadata,
    Column("record_id", String(64), primary_key=True),
    Column("person_index", BlindIndex("voidings.person"), nullable=False),
    Column("person", EncryptedJson("voidings.person"), nullable=False),
    Column("asker_id", String(36), nullable=False),
    Column("asked_as", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("next_look_at", Moment),
)  # fmt: skip
"""One void per declaration, and what became of it. `next_look_at` while nobody knows."""
Index("voidings_next_look_idx", voidings.c.next_look_at)

agreements = Table(
    "agreements", metadata,
    Column("agreement_id", String(32), primary_key=True),
    Column("person_id", String(36), nullable=False),
    Column("idempotency_key", String(64), nullable=False),
    Column("person_index", BlindIndex("agreement.person"), nullable=False),
    Column("account_index", BlindIndex("agreement.account"), nullable=False),
    Column("registration_number", String(40), nullable=False),
    Column("bank_code", String(12), nullable=False),
    Column("bank_name", String(64), nullable=False),
    Column("clearing_number", String(12), nullable=False),
    Column("account_tail", String(4), nullable=False),
    # Both only until the tax core has them.
    Column("account_number", EncryptedText("agreements.account_number")),
    Column("holder", EncryptedText("agreements.holder")),
    Column("agency_name", String(100), nullable=False),
    Column("authority_code", String(20), nullable=False),
    Column("consent_version", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("in_doubt", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_action_at", Moment),
    Column("looked_at", Moment),
    Column("held_until", Moment),
    Column("active_at", Moment),
    Column("ended_at", Moment),
    Column("words", EncryptedText("agreements.words"), nullable=False),
    Column("forgotten", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("person_id", "idempotency_key"),
)  # fmt: skip
"""三方协议 (3.2.1.11). `agreement_id` is the tax core's sfxydjuuid."""

Index(
    "agreements_one_live", agreements.c.person_index, agreements.c.account_index, unique=True,
    postgresql_where=agreements.c.live, sqlite_where=agreements.c.live,
)  # fmt: skip
Index(
    "agreements_due", agreements.c.next_action_at,
    postgresql_where=agreements.c.next_action_at.is_not(None), sqlite_where=agreements.c.next_action_at.is_not(None),
)  # fmt: skip

agreement_history = Table(
    "agreement_history", metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("agreement_id", String(32), ForeignKey("agreements.agreement_id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("source", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
)  # fmt: skip
"""Who or what moved an agreement, and when: the person's own wishes (`source` person) and the tax core's answers."""
