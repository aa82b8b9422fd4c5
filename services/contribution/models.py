"""Tables of the contribution service."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, UniqueConstraint

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
