"""Seals of bindings, members and relations (docs/adr/0033). They may be NULL: the version that runs meanwhile writes
none, and `python -m kit.audit seal identity` seals what was there before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for table in ("bindings", "members", "relations"):
        op.add_column(table, sa.Column("seal", sa.LargeBinary(33)))
