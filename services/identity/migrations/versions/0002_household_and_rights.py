"""Who is whom in WeChat, households, relations, consents, and what events need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_UNPUBLISHED = sa.text("published_at IS NULL")


def upgrade() -> None:
    _persons()
    _bindings()
    _members()
    _relations()
    _consents()
    _outbox()
    _inbox()


def _persons() -> None:
    # The default is for who is there already; a new row brings its own.
    op.add_column("persons", sa.Column("phone_version", sa.Integer, nullable=False, server_default="1"))
    op.add_column("persons", sa.Column("deletion_requested_at", _MOMENT))
    op.add_column("persons", sa.Column("deletion_due_at", _MOMENT))
    op.create_index("persons_deletion_due_at_idx", "persons", ["deletion_due_at"])


def _bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("openid", sa.LargeBinary(32), primary_key=True),
        sa.Column("person_id", sa.String(36), primary_key=True),
        sa.Column("logged_in_at", _MOMENT, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
    )
    op.create_index("bindings_person", "bindings", ["person_id"])


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("member_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("document", sa.LargeBinary(32), nullable=False),
        sa.Column("document_type", sa.String(3), nullable=False),
        sa.Column("document_number", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("kinship", sa.String(16), nullable=False),
        sa.Column("phone", sa.LargeBinary),
        sa.Column("place", sa.LargeBinary),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("owner_id", "document", name="members_owner_id_document_key"),
    )


def _relations() -> None:
    op.create_table(
        "relations",
        sa.Column("relation_id", sa.String(36), primary_key=True),
        sa.Column("payer_id", sa.String(36), nullable=False),
        sa.Column("document", sa.LargeBinary(32), nullable=False),
        sa.Column("document_type", sa.String(3), nullable=False),
        sa.Column("document_number", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("phone", sa.LargeBinary),
        sa.Column("place", sa.LargeBinary),
        sa.Column("named_at", _MOMENT, nullable=False),
        sa.Column("paid_at", _MOMENT),
        sa.UniqueConstraint("payer_id", "document", name="relations_payer_id_document_key"),
    )
    op.create_index("relations_named_at_idx", "relations", ["named_at"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.String(36), primary_key=True),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("member_id", sa.String(36)),
        sa.Column("about", sa.LargeBinary),
        sa.Column("given_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT),
    )
    op.create_index("consents_person_id_idx", "consents", ["person_id"])


def _outbox() -> None:
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
        "outbox_waiting", "outbox", ["aggregate", "id"],
        postgresql_where=_UNPUBLISHED, sqlite_where=_UNPUBLISHED,
    )  # fmt: skip
    op.create_index("outbox_published", "outbox", ["published_at"])


def _inbox() -> None:
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
