"""Tables of the contribution service."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, UniqueConstraint

from kit.columns import BlindIndex, EncryptedJson, Moment
from kit.lease import lease_table
from kit.migrations import new_metadata

metadata = new_metadata()

tiers = Table(
    "tiers", metadata,
    Column("id", Integer, primary_key=True),
    Column("pooling_code", String(6), nullable=False),
    Column("payer_kind", String(1), nullable=False),
    Column("insurance_type", String(16), nullable=False),
    Column("from_year", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("code", String(32), nullable=False),
    Column("label", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("source", String(64), nullable=False),
    UniqueConstraint("pooling_code", "payer_kind", "insurance_type", "from_year", "code"),
)  # fmt: skip

upstream_leases = lease_table(metadata)

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
"""Who asked what about whom. Rows are only ever added: one before anybody else is asked, one with the result."""
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
