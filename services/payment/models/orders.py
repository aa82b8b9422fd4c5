"""Orders, their lines, their history, and UnionPay's notifies."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from kit.columns import BlindIndex, EncryptedJson, EncryptedText, Moment
from kit.seals import RowSeal, seal_column
from services.payment.models.base import SERIAL, metadata

orders = Table(
    "orders", metadata,
    Column("order_id", String(36), primary_key=True),
    Column("mer_order_id", String(28), nullable=False, unique=True),
    Column("payer_id", String(36), nullable=False),
    Column("payer_name", EncryptedText("orders.payer_name"), nullable=False),
    Column("payer_phone", EncryptedText("orders.payer_phone"), nullable=False),
    Column("idempotency_key", String(64), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("next_action_at", Moment),
    Column("looked_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("paid_at", Moment),
    Column("transaction_id", String(64)),
    Column("failure_code", String(32)),
    Column("refund_due", Boolean, nullable=False, server_default=false()),
    Column("returned_at", Moment),
    Column("mid", String(32), nullable=False),
    Column("tid", String(16), nullable=False),
    Column("inst_mid", String(32), nullable=False),
    seal_column(),
    UniqueConstraint("payer_id", "idempotency_key"),
)  # fmt: skip
"""One order is one UnionPay payment; `amount`, in fen, is the sum of its lines."""

Index(
    "orders_due", orders.c.next_action_at,
    postgresql_where=orders.c.next_action_at.is_not(None), sqlite_where=orders.c.next_action_at.is_not(None),
)  # fmt: skip
Index("orders_of_payer", orders.c.payer_id, orders.c.created_at)
_PAID = orders.c.paid_at.is_not(None)
Index("orders_paid", orders.c.paid_at, orders.c.order_id, postgresql_where=_PAID, sqlite_where=_PAID)

order_lines = Table(
    "order_lines", metadata,
    Column("order_id", String(36), ForeignKey("orders.order_id"), primary_key=True),
    Column("item", SmallInteger, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("quote_id", String(36), nullable=False),
    Column("insured_index", BlindIndex("insured"), nullable=False),
    Column("insured_hint", BlindIndex("order_lines.hint"), index=True),
    Column("insured_type", String(3), nullable=False),
    Column("insured_number", EncryptedText("order_lines.insured_number"), nullable=False),
    Column("insured_name", EncryptedText("order_lines.insured_name"), nullable=False),
    Column("insured_phone", EncryptedText("order_lines.insured_phone")),
    Column("relation_id", String(36)),
    Column("place", EncryptedJson("order_lines.place")),
    Column("place_code", String(12), nullable=False, server_default=""),
    Column("registration_number", String(40), nullable=False),
    Column("payer_kind", String(1), nullable=False),
    Column("insurance_type", String(16), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("agency_code", String(20), nullable=False),
    Column("agency_name", String(100), nullable=False),
    Column("person_number", String(40), nullable=False),
    Column("product_code", String(20), nullable=False),
    Column("year", Integer, nullable=False),
    Column("tier_label", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
    seal_column(),
    UniqueConstraint("quote_id", "line"),
)  # fmt: skip
"""One line pays for one insured person, insurance type and year; lines with the same `item` came from one quote, which
is used once. What its item says is repeated in each line: an order is two inserts and one read. `place_code` is the
place's, clear, so that it can be asked for (docs/adr/0019). By `insured_hint` staff find who cannot name the order
(docs/adr/0027); NULL in lines of before. Amounts in fen."""

_LIVE = order_lines.c.live
Index(
    "order_lines_one_live", order_lines.c.insured_index, order_lines.c.insurance_type, order_lines.c.year,
    unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE,
)  # fmt: skip

order_history = Table(
    "order_history", metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("order_id", String(36), ForeignKey("orders.order_id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("detail", JSON, nullable=False),
)  # fmt: skip
"""Every change of state and everything that was refused to change it; the order row itself is its beginning."""

notifies = Table(
    "notifies", metadata,
    Column("digest", String(64), primary_key=True),
    Column("mer_order_id", String(28), nullable=False, index=True),
    Column("raw", EncryptedText("notifies.raw"), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
    Column("next_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
)  # fmt: skip
"""Genuine notifies as they came, once each (design.md §5 rule 5)."""
Index(
    "notifies_due", notifies.c.next_at,
    postgresql_where=notifies.c.processed_at.is_(None), sqlite_where=notifies.c.processed_at.is_(None),
)  # fmt: skip

ORDER_SEAL = RowSeal(
    orders, "order_id", "mer_order_id", "payer_id", "amount", "channel", "state", "created_at", "paid_at",
    "transaction_id", "mid", "tid",
)  # fmt: skip
LINE_SEAL = RowSeal(
    order_lines, "order_id", "item", "line", "quote_id", "insured_type", "insured_number", "insurance_type", "kind",
    "agency_code", "person_number", "product_code", "year", "amount",
)  # fmt: skip
"""What no row of money may say otherwise than storage wrote it (docs/adr/0023). What is not here follows from these and
from the histories, and `verify` compares it with them: live lines, cases that are open, lines a refund gives back."""
