"""Attempts, receipts, several providers, WeChat, and who may see a reminder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _messages()
    _attempts()
    _receipts_and_standings()
    _wechat()
    _replays()


def _messages() -> None:
    op.add_column("messages", sa.Column("payer_id", sa.String(36)))
    op.add_column("messages", sa.Column("to_payer", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("messages", sa.Column("provider", sa.String(16), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("avoided", sa.String(64), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("resends", sa.Integer, nullable=False, server_default="0"))
    # What the version before had on its way was Tencent's; its receipts went nowhere and are not waited for.
    op.execute("UPDATE messages SET provider = 'tencent' WHERE state <> 'queued'")
    op.create_index("messages_of_payer", "messages", ["payer_id", "created_at"])
    op.create_index("messages_of_recipient", "messages", ["recipient", "created_at"])
    for name, state in (("messages_awaited", "sent"), ("messages_queued", "queued")):
        where = sa.text(f"state = '{state}'")
        op.create_index(name, "messages", ["due_at"], postgresql_where=where, sqlite_where=where)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("message_id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("answer", sa.String(12)),
        sa.Column("reason", sa.Text),
        sa.Column("serial", sa.String(64)),
        sa.Column("fate", sa.String(12)),
        sa.Column("fate_at", _MOMENT),
    )
    op.create_index("attempts_lately", "attempts", ["begun_at"])
    op.create_index("attempts_by_serial", "attempts", ["provider", "serial"])


def _receipts_and_standings() -> None:
    op.create_table(
        "receipts",
        sa.Column("provider", sa.String(16), primary_key=True),
        sa.Column("serial", sa.String(64), primary_key=True),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("hopeless", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
    )
    op.create_index("receipts_received_at_idx", "receipts", ["received_at"])
    op.create_table(
        "provider_standings",
        sa.Column("provider", sa.String(16), primary_key=True),
        sa.Column("share", sa.Integer, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
    )


def _wechat() -> None:
    op.create_table(
        "wechat_users",
        sa.Column("person_id", sa.String(36), primary_key=True),
        sa.Column("openid", sa.LargeBinary, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
    )
    op.create_table(
        "wechat_tokens",
        sa.Column("appid", sa.String(32), primary_key=True),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("fetching_until", _MOMENT, nullable=False),
    )


def _replays() -> None:
    op.create_table(
        "replays",
        sa.Column("replay_id", sa.String(36), primary_key=True),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state_before", sa.String(12), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("replays_message_id_idx", "replays", ["message_id"])
