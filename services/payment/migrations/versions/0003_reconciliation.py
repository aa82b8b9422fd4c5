"""Reconciliation: its runs, breaks and their history, and the day's payments and refunds by indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_PAID = sa.text("paid_at IS NOT NULL")
_GIVEN_BACK = sa.text("refunded_at IS NOT NULL")
_NOT_DONE = sa.text("finished_at IS NULL")
_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "orders_paid", "orders", ["paid_at", "order_id"], postgresql_where=_PAID, sqlite_where=_PAID
    )
    op.create_index(
        "refunds_done", "refunds", ["refunded_at"], postgresql_where=_GIVEN_BACK, sqlite_where=_GIVEN_BACK
    )
    _create_runs()
    _create_breaks()
    _create_history()


def _create_runs() -> None:
    op.create_table(
        "reconciliation_runs",
        sa.Column("run_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.String(64), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("finished_at", _MOMENT),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("ours", "unionpay", "core", "found", "new", "closed")
        ),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="reconciliation_runs_pkey"),
    )
    op.create_index(
        "reconciliation_runs_one_at_a_time", "reconciliation_runs", ["day"], unique=True,
        postgresql_where=_NOT_DONE, sqlite_where=_NOT_DONE,
    )  # fmt: skip
    op.create_index("reconciliation_runs_day", "reconciliation_runs", ["day"])


def _create_breaks() -> None:
    op.create_table(
        "reconciliation_breaks",
        sa.Column("break_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("mid", sa.String(32), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("mer_order_id", sa.String(40), nullable=False),
        sa.Column("item", sa.String(160), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("our_amount", sa.BigInteger),
        sa.Column("their_amount", sa.BigInteger),
        sa.Column("our_state", sa.String(16), nullable=False),
        sa.Column("their_state", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("at", sa.String(19), nullable=False),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_run", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.Column("closed_day", sa.Date),
        sa.PrimaryKeyConstraint("break_id", name="reconciliation_breaks_pkey"),
        sa.UniqueConstraint(
            "day",
            "mid",
            "party",
            "kind",
            "mer_order_id",
            "item",
            name="reconciliation_breaks_day_mid_party_kind_mer_order_id_item_key",
        ),
    )
    op.create_index(
        "reconciliation_breaks_open", "reconciliation_breaks", ["day", "kind"],
        postgresql_where=_OPEN, sqlite_where=_OPEN,
    )  # fmt: skip
    op.create_index("reconciliation_breaks_order", "reconciliation_breaks", ["mer_order_id"])


def _create_history() -> None:
    op.create_table(
        "reconciliation_history",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("break_id", _SERIAL, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="reconciliation_history_pkey"),
        sa.ForeignKeyConstraint(
            ["break_id"], ["reconciliation_breaks.break_id"], name="reconciliation_history_break_id_fkey"
        ),
    )
    op.create_index("reconciliation_history_break_id_idx", "reconciliation_history", ["break_id"])
