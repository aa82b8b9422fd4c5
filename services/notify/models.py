"""Tables of the notify service."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint

from kit.audit import journal_table
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
    Column("created_at", Moment, nullable=False, index=True),
    Column("changed_at", Moment, nullable=False),
    Column("payer_id", String(36)),
    Column("to_payer", Boolean, nullable=False, server_default="0"),
    Column("provider", String(16), nullable=False, server_default=""),
    Column("avoided", String(64), nullable=False, server_default=""),
    Column("resends", Integer, nullable=False, server_default="0"),
    UniqueConstraint("event_id", "recipient", "kind"),
    Index("messages_of_payer", "payer_id", "created_at"),
    Index("messages_of_recipient", "recipient", "created_at"),
)  # fmt: skip
"""Reminders: one row per event, recipient and kind, whatever happens. `due_at`: when somebody must look at it;
`payer_id`: who may see it, where the event told; `avoided`: providers that turned it away."""

_waiting = messages.c.state.in_(("queued", "sending"))
Index("messages_waiting", messages.c.due_at, postgresql_where=_waiting, sqlite_where=_waiting)
_awaited = messages.c.state == "sent"
Index("messages_awaited", messages.c.due_at, postgresql_where=_awaited, sqlite_where=_awaited)
_queued = messages.c.state == "queued"
Index("messages_queued", messages.c.due_at, postgresql_where=_queued, sqlite_where=_queued)

attempts = Table(
    "attempts", metadata,
    Column("message_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("answer", String(12)),
    Column("reason", Text),
    Column("serial", String(64)),
    Column("fate", String(12)),
    Column("fate_at", Moment),
    Index("attempts_lately", "begun_at"),
    Index("attempts_by_serial", "provider", "serial"),
)  # fmt: skip
"""Every send that began, of reminders and of codes (`message_id` is then the code's reference): what was answered at
once, and what became of it. answer: accepted · rejected · failed (the provider's own fault) · unclear; fate: delivered
· failed."""

receipts = Table(
    "receipts", metadata,
    Column("provider", String(16), primary_key=True),
    Column("serial", String(64), primary_key=True),
    Column("delivered", Boolean, nullable=False),
    Column("hopeless", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
)  # fmt: skip
"""What carriers reported, once each; it may be here before the provider's answer is recorded."""

standings = Table(
    "provider_standings", metadata,
    Column("provider", String(16), primary_key=True),
    Column("share", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Double, nullable=False),
)  # fmt: skip
"""What all replicas know of each provider (routing.Standing); `next_at` in seconds since the epoch, to be counted with
in one statement."""

wechat_users = Table(
    "wechat_users", metadata,
    Column("person_id", String(36), primary_key=True),
    Column("openid", EncryptedText("wechat_users.openid"), nullable=False),
    Column("since", Moment, nullable=False),
)  # fmt: skip
"""Who wishes to be told in WeChat; gone with the wish, a refusal of WeChat's, or the person."""

wechat_tokens = Table(
    "wechat_tokens", metadata,
    Column("appid", String(32), primary_key=True),
    Column("token", EncryptedText("wechat_tokens.token"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("fetching_until", Moment, nullable=False),
)  # fmt: skip
"""The official account's access token, fetched by one replica for all."""

replays = Table(
    "replays", metadata,
    Column("replay_id", String(36), primary_key=True),
    Column("message_id", String(36), nullable=False, index=True),
    Column("operator", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_before", String(12), nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip
"""Who sent a reminder again by hand, and why; never changed or deleted."""

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
journal = journal_table(metadata)
