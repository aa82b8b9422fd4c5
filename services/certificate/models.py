"""Tables of the certificate service."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kit.audit import journal_table
from kit.columns import BlindIndex, EncryptedBytes, EncryptedJson, EncryptedText, Moment
from kit.inbox import inbox_table
from kit.migrations import new_metadata
from kit.seals import RowSeal, seal_column

metadata = new_metadata()

certificates = Table(
    "certificates", metadata,
    Column("certificate_id", String(36), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("check_code", EncryptedText("certificates.check_code"), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("person_index", BlindIndex("certificates.person"), nullable=False),
    Column("idempotency_key", String(80), nullable=False),
    Column("batch_id", String(36), index=True),
    Column("position", Integer),
    Column("person", EncryptedJson("certificates.person")),
    Column("period_from", String(6), nullable=False),
    Column("period_to", String(6), nullable=False),
    Column("state", String(8), nullable=False),
    Column("words", Text, nullable=False),
    Column("content", EncryptedJson("certificates.content")),
    Column("authority_code", String(11), nullable=False),
    Column("authority_name", String(64), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("file_hash", LargeBinary(32), index=True),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment),
    Column("asked_at", Moment, nullable=False),
    Column("issued_at", Moment),
    Column("voided_at", Moment),
    Column("void_reason", Text, nullable=False),
    Column("replaced_by", String(36), nullable=False),
    UniqueConstraint("person_id", "idempotency_key"),
)  # fmt: skip
"""The register: one row per number, never deleted. `person` and `content` are emptied when the file is too old to be
kept; what was sealed is still known by `file_hash`. `due_at`: when somebody must look at a waiting one."""

_waiting = text("state = 'waiting'")
Index("certificates_waiting", certificates.c.due_at, postgresql_where=_waiting, sqlite_where=_waiting)
_own = text("state = 'waiting' AND batch_id IS NULL")
Index(
    "certificates_one_waiting", certificates.c.person_index, certificates.c.period_from, certificates.c.period_to,
    unique=True, postgresql_where=_own, sqlite_where=_own,
)  # fmt: skip
Index("certificates_of_person", certificates.c.person_id, certificates.c.asked_at)

certificate_files = Table(
    "certificate_files", metadata,
    Column("certificate_id", String(36), primary_key=True),
    Column("content", EncryptedBytes("certificate_files.content"), nullable=False),
    Column("kept_until", Moment, nullable=False, index=True),
)  # fmt: skip
"""The sealed PDFs."""

certificate_acts = Table(
    "certificate_acts", metadata,
    Column("act_id", Integer, primary_key=True, autoincrement=True),
    Column("certificate_id", String(36), nullable=False, index=True),
    Column("act", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip
"""Who asked for, read, replaced or voided which certificate, and what became of it. Rows are only added."""

check_counts = Table(
    "check_counts", metadata,
    Column("subject", BlindIndex("check_counts.subject"), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
)  # fmt: skip
"""Checks by an address, and wrong codes for a number, within an hour."""

schools = Table(
    "schools", metadata,
    Column("school_id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("operator_index", BlindIndex("schools.operator"), nullable=False, index=True),
    Column("pooling_code", String(6), nullable=False, server_default=""),
    Column("authorised_by", String(64), nullable=False),
    Column("authorised_at", Moment, nullable=False),
    Column("ended_at", Moment),
    seal_column(),
)  # fmt: skip
"""Who may ask for the certificates of a school's students: one row per school and operator. `pooling_code` is that
of the authority that allowed it, empty for one of before and for the province."""

SCHOOL_SEAL = RowSeal(
    schools,
    "school_id",
    "name",
    "operator_index",
    "pooling_code",
    "authorised_by",
    "authorised_at",
    "ended_at",
)
SEALED = (SCHOOL_SEAL,)
"""What gives somebody the right to the certificates of others (docs/adr/0024)."""

batches = Table(
    "batches", metadata,
    Column("batch_id", String(36), primary_key=True),
    Column("school_id", String(36), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("period_from", String(6), nullable=False),
    Column("period_to", String(6), nullable=False),
    Column("roll_hash", LargeBinary(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("asked_at", Moment, nullable=False),
    UniqueConstraint("school_id", "roll_hash", "period_from", "period_to"),
)  # fmt: skip
"""A school's list. The same list and period is the same batch, so that uploading again goes on."""

inbox = inbox_table(metadata)
journal = journal_table(metadata)
