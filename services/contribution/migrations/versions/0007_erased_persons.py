"""The inbox for identity's events, agreements of persons who were erased, and an end for old questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# As long as the journal's acts (kit/audit/tables.py) nobody may take a row away.
_GUARD = """
DROP TRIGGER query_audit_only_grows ON query_audit;
CREATE OR REPLACE FUNCTION query_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'query_audit: rows are only ever added';
END $$;
CREATE TRIGGER query_audit_only_grows BEFORE UPDATE OF id, query_id, at, act, asker_id, asked_as, person_index, outcome
OR DELETE ON query_audit FOR EACH ROW EXECUTE FUNCTION query_audit_only_grows();
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", moment),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
    )
    op.create_index("inbox_due", "inbox", ["state", "next_at"], postgresql_where=sa.text("state <> 'done'"))
    # The default is for who is there already, and for the version that runs meanwhile.
    op.add_column("agreements", sa.Column("forgotten", sa.Boolean, nullable=False, server_default=sa.false()))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_GUARD)
