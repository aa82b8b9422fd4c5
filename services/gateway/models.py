"""Tables of the gateway."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from kit.audit import journal_table
from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.inbox import inbox_table
from kit.migrations import new_metadata
from kit.outbox import outbox_table

metadata = new_metadata()

inbox = inbox_table(metadata)
journal = journal_table(metadata)
outbox = outbox_table(metadata)

sessions = Table(
    "sessions", metadata,
    # SHA-256 of the token: who reads this table cannot become anyone.
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("openid", EncryptedText("sessions.openid"), nullable=False),
    Column("openid_index", BlindIndex("wechat.openid"), nullable=False),
    Column("person_id", String(36)),
    Column("payer", EncryptedJson("sessions.payer")),
    Column("recalled", EncryptedJson("sessions.recalled")),
    Column("logged_in_at", Moment),
    Column("phone_version", Integer),
    Column("device", String(40)),
    Column("csrf_token", String(43), nullable=False),
    Column("challenge_id", String(64)),
    Column("resend_at", Moment),
    Column("consent_version", String(16)),
    Column("consented_at", Moment),
    Column("card_consent_version", String(16)),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Index("sessions_openid", "openid_index"),
    Index("sessions_person", "person_id"),
    Index("sessions_last_seen", "last_seen_at"),
)  # fmt: skip

journeys = Table(
    "journeys", metadata,
    Column("journey_id", String(36), primary_key=True),
    Column("payer_id", String(36), nullable=False),
    Column("state", String(8), nullable=False),
    Column("order_id", String(64)),
    Column("draft", EncryptedJson("journeys.draft"), nullable=False),
    Column("enrolment_asked_at", Moment),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("journeys_payer", "payer_id", "created_at"),
    Index("journeys_updated", "updated_at"),
)  # fmt: skip

readings = Table(
    "readings", metadata,
    Column("id_hash", LargeBinary(32), primary_key=True),
    Column("owner", LargeBinary(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("card", EncryptedJson("readings.card")),
    Column("problem", String(40), nullable=False),
    Column("begun_at", Moment, nullable=False),
    Index("readings_begun", "begun_at"),
)  # fmt: skip

rates = Table(
    "rates", metadata,
    # An address, a WeChat user or a person, of whom only the blind index is kept, for two minutes.
    Column("caller", BlindIndex("rates.caller"), primary_key=True),
    Column("minute", Moment, primary_key=True),
    Column("requests", Integer, nullable=False),
    Index("rates_minute", "minute"),
)  # fmt: skip

# A payer has one open journey: what 继续上次缴费 goes on with.
Index(
    "journeys_open", journeys.c.payer_id, unique=True,
    postgresql_where=journeys.c.state == "open", sqlite_where=journeys.c.state == "open",
)  # fmt: skip

batches = Table(
    "batches", metadata,
    Column("batch_id", String(36), primary_key=True),
    Column("payer_id", String(36), nullable=False),
    Column("state", String(8), nullable=False),
    Column("order_id", String(64)),
    Column("terms", EncryptedJson("batches.terms"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("batches_payer", "payer_id", "created_at"),
    Index("batches_updated", "updated_at"),
)  # fmt: skip

# A payer has one open batch, as with journeys.
Index(
    "batches_open", batches.c.payer_id, unique=True,
    postgresql_where=batches.c.state == "open", sqlite_where=batches.c.state == "open",
)  # fmt: skip

batch_lines = Table(
    "batch_lines", metadata,
    Column("line_id", String(36), primary_key=True),
    Column("batch_id", String(36), ForeignKey("batches.batch_id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("draft", EncryptedJson("batch_lines.draft"), nullable=False),
    Column("asked_at", Moment),
    Column("version", Integer, nullable=False),
    Index("batch_lines_batch", "batch_id", "position"),
)  # fmt: skip

sdk_tickets = Table(
    "sdk_tickets", metadata,
    Column("name", String(8), primary_key=True),
    Column("ticket", EncryptedText("sdk_tickets.ticket"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("fetching_until", Moment, nullable=False),
)  # fmt: skip
"""The official account's jsapi_ticket, fetched by one replica for all."""
