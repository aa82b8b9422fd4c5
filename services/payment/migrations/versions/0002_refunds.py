"""Refunds, their lines and history; the inbox, because the tax core asks for refunds by event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_HAS_ACTION = sa.text("next_action_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("orders", sa.Column("returned_at", _MOMENT))
    op.add_column("refund_cases", sa.Column("paid_at", _MOMENT))
    _create_refunds()
    _create_lines()
    _create_history()
    _create_inbox()


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.String(36), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("refund_order_id", sa.String(28), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("operator_id", sa.String(64), nullable=False),
        sa.Column("operator_name", sa.LargeBinary, nullable=False),
        sa.Column("idempotency_key", sa.String(128), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("case_reason", sa.String(16)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("next_action_at", _MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("refunded_at", _MOMENT),
        sa.Column("failure", sa.String(16)),
        sa.PrimaryKeyConstraint("refund_id", name="refunds_pkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="refunds_order_id_fkey"),
        sa.UniqueConstraint("refund_order_id", name="refunds_refund_order_id_key"),
        sa.UniqueConstraint("origin", "idempotency_key", name="refunds_origin_idempotency_key_key"),
    )
    op.create_index("refunds_order_id_idx", "refunds", ["order_id"])
    op.create_index(
        "refunds_due", "refunds", ["next_action_at"], postgresql_where=_HAS_ACTION, sqlite_where=_HAS_ACTION
    )


def _create_lines() -> None:
    op.create_table(
        "refund_lines",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("item", sa.SmallInteger, nullable=False),
        sa.Column("line", sa.SmallInteger, nullable=False),
        sa.Column("refund_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "item", "line", name="refund_lines_pkey"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.refund_id"], name="refund_lines_refund_id_fkey"),
        sa.ForeignKeyConstraint(
            ["order_id", "item", "line"], ["order_lines.order_id", "order_lines.item", "order_lines.line"],
            name="refund_lines_order_id_item_line_fkey",
        ),
    )  # fmt: skip
    op.create_index("refund_lines_refund_id_idx", "refund_lines", ["refund_id"])


def _create_history() -> None:
    op.create_table(
        "refund_history",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("refund_id", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("operator_id", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="refund_history_pkey"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.refund_id"], name="refund_history_refund_id_fkey"),
    )
    op.create_index("refund_history_refund_id_idx", "refund_history", ["refund_id"])


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", _MOMENT),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_index("inbox_due", "inbox", ["state", "next_at"], postgresql_where=sa.text("state <> 'done'"))
