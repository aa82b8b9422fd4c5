"""Tables of the notify service."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.inbox import inbox_table
from kit.migrations import new_metadata

metadata = new_metadata()

messages = Table(
    "messages", metadata,
    Column("message_id", String(36), primary_key=True),
    Column("event_id", String(64), nullable=False),
    Column("recipient", BlindIndex("messages.recipient"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("phone", EncryptedText("messages.phone"), nullable=False),
    Column("variables", EncryptedJson("messages.variables"), nullable=False),
    Column("template_version", String(32), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Moment),
    Column("due_at", Moment),
    Column("serial", String(64)),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("event_id", "recipient", "kind"),
)  # fmt: skip
"""Reminders: one row per event, recipient and kind, whatever happens. `due_at`: when somebody must look at it."""

_waiting = messages.c.state.in_(("queued", "sending"))
Index("messages_waiting", messages.c.due_at, postgresql_where=_waiting, sqlite_where=_waiting)

codes = Table(
    "codes", metadata,
    Column("reference", String(64), primary_key=True),
    Column("recipient", BlindIndex("codes.recipient"), nullable=False),
    Column("state", String(12), nullable=False),
    Column("serial", String(64)),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False, index=True),
    Column("changed_at", Moment, nullable=False),
)  # fmt: skip
"""Codes that were asked for, never the codes themselves. state: sending · sent · refused."""

inbox = inbox_table(metadata)
