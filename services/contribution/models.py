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
