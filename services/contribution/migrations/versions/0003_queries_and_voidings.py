"""Who asked about whom, and what became of each void of a declaration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ONLY_ADDED = """
CREATE FUNCTION query_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'query_audit: rows are only ever added'; END $$;
CREATE TRIGGER query_audit_only_grows BEFORE UPDATE OR DELETE ON query_audit
FOR EACH STATEMENT EXECUTE FUNCTION query_audit_only_grows();
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "query_audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("query_id", sa.String(36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("asker_id", sa.String(36), nullable=False),
        sa.Column("asked_as", sa.String(8), nullable=False),
        sa.Column("person_index", sa.LargeBinary(32), nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="query_audit_pkey"),
    )
    op.create_index("query_audit_asker_idx", "query_audit", ["asker_id", "at"])
    op.create_index("query_audit_person_idx", "query_audit", ["person_index", "at"])
    op.create_table(
        "voidings",
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("person_index", sa.LargeBinary(32), nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("asker_id", sa.String(36), nullable=False),
        sa.Column("asked_as", sa.String(8), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("sent_at", moment, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("next_look_at", moment),
        sa.PrimaryKeyConstraint("record_id", name="voidings_pkey"),
    )
    op.create_index("voidings_next_look_idx", "voidings", ["next_look_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_ONLY_ADDED)
