"""What other tax systems told, and who downloaded what."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from services.payment.models.base import metadata

external_payments = Table(
    "external_payments", metadata,
    Column("line_id", String(64), primary_key=True),
    Column("source", String(100), nullable=False),
    Column("order_id", String(64), nullable=False),
    Column("insured_index", BlindIndex("external_payments.person"), nullable=False, index=True),
    Column("operator_index", BlindIndex("external_payments.person")),
    Column("insured_number", EncryptedText("external_payments.insured_number"), nullable=False),
    Column("insured_name", EncryptedText("external_payments.insured_name"), nullable=False),
    Column("social_number", EncryptedText("external_payments.social_number"), nullable=False),
    Column("place", EncryptedJson("external_payments.place")),
    Column("place_code", String(12), nullable=False),
    Column("insurance_type", String(16), nullable=False),
    Column("year", Integer, nullable=False),
    Column("agency_code", String(20), nullable=False),
    Column("agency_name", String(100), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("said_at", Moment, nullable=False),
    Column("event_key", String(64), nullable=False),
    Column("first_heard_at", Moment, nullable=False),
)  # fmt: skip
"""What other tax systems told, one row per order, insured, insurance type and year: the word that counts
(external.py). Names and number are masked and still SM4-GCM; people are found by the index of their key."""
Index("external_payments_of_operator", external_payments.c.operator_index, external_payments.c.first_heard_at)

exports = Table(
    "exports", metadata,
    Column("export_id", String(36), primary_key=True),
    Column("person_id", String(36), nullable=False, index=True),
    Column("format", String(8), nullable=False),
    Column("filter", JSON, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("rows", Integer),
    Column("complete", Boolean),
)  # fmt: skip
"""Who downloaded what and when (security.md 12); no row of it is ever changed after its end."""
