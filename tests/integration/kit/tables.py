"""What the probe services keep."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from kit.audit import journal_table
from kit.inbox import inbox_table
from kit.migrations import new_metadata
from kit.outbox import outbox_table

metadata = new_metadata()
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
journal = journal_table(metadata)

handled = Table(
    "handled", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("aggregate", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("correlation_id", String(64), nullable=False),
)  # fmt: skip
"""One row for each time an event was handled."""
