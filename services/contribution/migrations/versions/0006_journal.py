"""The audit journal, and seals (docs/adr/0024). They may be NULL: the version that runs meanwhile writes none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kit.audit.tables import create_journal

revision = "0006"
down_revision = "0005"

_SAID = "id, query_id, at, act, asker_id, asked_as, person_index, outcome"
# The person is encrypted, and is encrypted anew when keys change.
_GUARD = f"""
DROP TRIGGER query_audit_only_grows ON query_audit;
CREATE TRIGGER query_audit_only_grows BEFORE UPDATE OF {_SAID} OR DELETE ON query_audit
FOR EACH STATEMENT EXECUTE FUNCTION query_audit_only_grows();
"""


def upgrade() -> None:
    create_journal(op)
    for table in ("tier_tables", "tiers"):
        op.add_column(table, sa.Column("seal", sa.LargeBinary(33)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_GUARD)
