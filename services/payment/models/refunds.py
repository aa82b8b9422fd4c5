"""Money that goes back."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from kit.columns import EncryptedText, Moment
from kit.seals import RowSeal, seal_column
from services.payment.models.base import SERIAL, metadata

refund_cases = Table(
    "refund_cases", metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("order_id", String(36), ForeignKey("orders.order_id"), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("transaction_id", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("paid_at", Moment),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    seal_column(),
    UniqueConstraint("order_id", "transaction_id"),
)  # fmt: skip
"""Money we hold that is not the order's, one case per UnionPay transaction."""

refunds = Table(
    "refunds", metadata,
    Column("refund_id", String(36), primary_key=True),
    Column("order_id", String(36), ForeignKey("orders.order_id"), nullable=False, index=True),
    Column("refund_order_id", String(28), nullable=False, unique=True),
    Column("transaction_id", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("operator_id", String(64), nullable=False),
    Column("operator_name", EncryptedText("refunds.operator_name"), nullable=False),
    Column("idempotency_key", String(128), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("case_reason", String(16)),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_action_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("refunded_at", Moment),
    Column("failure", String(16)),
    seal_column(),
    UniqueConstraint("origin", "idempotency_key"),
)  # fmt: skip
"""Money of an order that goes back to its payer; with a `case_reason`, that of the refund case with its transaction."""
Index(
    "refunds_due", refunds.c.next_action_at,
    postgresql_where=refunds.c.next_action_at.is_not(None), sqlite_where=refunds.c.next_action_at.is_not(None),
)  # fmt: skip

_GIVEN_BACK = refunds.c.refunded_at.is_not(None)
Index("refunds_done", refunds.c.refunded_at, postgresql_where=_GIVEN_BACK, sqlite_where=_GIVEN_BACK)

refund_lines = Table(
    "refund_lines", metadata,
    Column("order_id", String(36), primary_key=True),
    Column("item", SmallInteger, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("refund_id", String(36), ForeignKey("refunds.refund_id"), nullable=False, index=True),
    ForeignKeyConstraint(
        ("order_id", "item", "line"), ("order_lines.order_id", "order_lines.item", "order_lines.line")
    ),
)  # fmt: skip
"""Which lines a refund gives back: its key keeps a line from ever being in two, so that refunds never come to more
than what was paid."""

refund_history = Table(
    "refund_history", metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("refund_id", String(36), ForeignKey("refunds.refund_id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("operator_id", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
)  # fmt: skip
"""Every change of a refund's state; the refund row itself is its beginning. `operator_id` only where staff did it."""

CASE_SEAL = RowSeal(
    refund_cases, "order_id", "reason", "transaction_id", "amount", "paid_at", "opened_at", "closed_at",
    key=("order_id", "transaction_id"),
)  # fmt: skip
REFUND_SEAL = RowSeal(
    refunds, "refund_id", "order_id", "refund_order_id", "transaction_id", "amount", "origin", "operator_id",
    "case_reason", "state", "created_at", "refunded_at",
)  # fmt: skip
"""As of orders and lines."""
