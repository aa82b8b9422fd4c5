"""Orders with their lines, their history, notifies, refund cases and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_LIVE = sa.text("live")
_HAS_ACTION = sa.text("next_action_at IS NOT NULL")
_UNPROCESSED = sa.text("processed_at IS NULL")
_UNPUBLISHED = sa.text("published_at IS NULL")


def upgrade() -> None:
    _create_orders()
    _create_lines()
    _create_history()
    _create_notifies()
    _create_refund_cases()
    _create_outbox()


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("mer_order_id", sa.String(28), nullable=False),
        sa.Column("payer_id", sa.String(36), nullable=False),
        sa.Column("payer_name", sa.LargeBinary, nullable=False),
        sa.Column("payer_phone", sa.LargeBinary, nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("next_action_at", _MOMENT),
        sa.Column("looked_at", _MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("paid_at", _MOMENT),
        sa.Column("transaction_id", sa.String(64)),
        sa.Column("failure_code", sa.String(32)),
        sa.Column("refund_due", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("mid", sa.String(32), nullable=False),
        sa.Column("tid", sa.String(16), nullable=False),
        sa.Column("inst_mid", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="orders_pkey"),
        sa.UniqueConstraint("mer_order_id", name="orders_mer_order_id_key"),
        sa.UniqueConstraint("payer_id", "idempotency_key", name="orders_payer_id_idempotency_key_key"),
    )
    op.create_index(
        "orders_due", "orders", ["next_action_at"], postgresql_where=_HAS_ACTION, sqlite_where=_HAS_ACTION
    )
    op.create_index("orders_of_payer", "orders", ["payer_id", "created_at"])


def _create_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("item", sa.SmallInteger, nullable=False),
        sa.Column("line", sa.SmallInteger, nullable=False),
        sa.Column("quote_id", sa.String(36), nullable=False),
        sa.Column("insured_index", sa.LargeBinary(32), nullable=False),
        sa.Column("insured_type", sa.String(3), nullable=False),
        sa.Column("insured_number", sa.LargeBinary, nullable=False),
        sa.Column("insured_name", sa.LargeBinary, nullable=False),
        sa.Column("insured_phone", sa.LargeBinary),
        sa.Column("relation_id", sa.String(36)),
        sa.Column("place", sa.LargeBinary),
        sa.Column("registration_number", sa.String(40), nullable=False),
        sa.Column("payer_kind", sa.String(1), nullable=False),
        sa.Column("insurance_type", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("agency_code", sa.String(20), nullable=False),
        sa.Column("agency_name", sa.String(100), nullable=False),
        sa.Column("person_number", sa.String(40), nullable=False),
        sa.Column("product_code", sa.String(20), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("tier_label", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "item", "line", name="order_lines_pkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_lines_order_id_fkey"),
        sa.UniqueConstraint("quote_id", "line", name="order_lines_quote_id_line_key"),
    )
    op.create_index(
        "order_lines_one_live", "order_lines", ["insured_index", "insurance_type", "year"], unique=True,
        postgresql_where=_LIVE, sqlite_where=_LIVE,
    )  # fmt: skip


def _create_history() -> None:
    op.create_table(
        "order_history",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="order_history_pkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_history_order_id_fkey"),
    )
    op.create_index("order_history_order_id_idx", "order_history", ["order_id"])


def _create_notifies() -> None:
    op.create_table(
        "notifies",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("mer_order_id", sa.String(28), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("processed_at", _MOMENT),
        sa.Column("next_at", _MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("digest", name="notifies_pkey"),
    )
    op.create_index("notifies_mer_order_id_idx", "notifies", ["mer_order_id"])
    op.create_index(
        "notifies_due", "notifies", ["next_at"], postgresql_where=_UNPROCESSED, sqlite_where=_UNPROCESSED
    )


def _create_refund_cases() -> None:
    op.create_table(
        "refund_cases",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="refund_cases_pkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="refund_cases_order_id_fkey"),
        sa.UniqueConstraint("order_id", "transaction_id", name="refund_cases_order_id_transaction_id_key"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("aggregate", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("published_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        sa.UniqueConstraint("event_id", name="outbox_event_id_key"),
    )
    op.create_index(
        "outbox_waiting",
        "outbox",
        ["aggregate", "id"],
        postgresql_where=_UNPUBLISHED,
        sqlite_where=_UNPUBLISHED,
    )
    op.create_index("outbox_published", "outbox", ["published_at"])
