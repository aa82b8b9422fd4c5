"""Reconciled days and what differs."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from kit.columns import Moment
from services.payment.models.base import SERIAL, metadata

reconciliation_runs = Table(
    "reconciliation_runs", metadata,
    Column("run_id", SERIAL, primary_key=True, autoincrement=True),
    Column("day", Date, nullable=False),
    Column("state", String(16), nullable=False),
    Column("requested_by", String(64), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Moment),
    Column("ours", Integer, nullable=False),
    Column("unionpay", Integer, nullable=False),
    Column("core", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("files", JSON, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip
"""Reconciliations of a day; `next_at` is when one that is not done is taken up, again if whoever runs it dies; `files`
are the names, SHA-256 and lines of what was read."""

_NOT_DONE = reconciliation_runs.c.finished_at.is_(None)
Index(
    "reconciliation_runs_one_at_a_time", reconciliation_runs.c.day, unique=True,
    postgresql_where=_NOT_DONE, sqlite_where=_NOT_DONE,
)  # fmt: skip
Index("reconciliation_runs_day", reconciliation_runs.c.day)

reconciliation_breaks = Table(
    "reconciliation_breaks", metadata,
    Column("break_id", SERIAL, primary_key=True, autoincrement=True),
    Column("day", Date, nullable=False),
    Column("mid", String(32), nullable=False),
    Column("party", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("mer_order_id", String(40), nullable=False),
    Column("item", String(160), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("our_amount", BigInteger),
    Column("their_amount", BigInteger),
    Column("our_state", String(16), nullable=False),
    Column("their_state", String(16), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("at", String(19), nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_run", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("closed_at", Moment),
    Column("closed_day", Date),
    UniqueConstraint("day", "mid", "party", "kind", "mer_order_id", "item"),
)  # fmt: skip
"""What two sides do not agree on, in fen; `closed_day` is the day whose run closed it, empty for an operator."""

_BREAK_OPEN = reconciliation_breaks.c.closed_at.is_(None)
Index(
    "reconciliation_breaks_open", reconciliation_breaks.c.day, reconciliation_breaks.c.kind,
    postgresql_where=_BREAK_OPEN, sqlite_where=_BREAK_OPEN,
)  # fmt: skip
Index("reconciliation_breaks_order", reconciliation_breaks.c.mer_order_id)

reconciliation_history = Table(
    "reconciliation_history", metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("break_id", SERIAL, ForeignKey("reconciliation_breaks.break_id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("operator", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("detail", Text, nullable=False),
)  # fmt: skip
"""Everything that was done about a break, by a person or by a run; nothing is ever changed in it."""
