"""Seals of the rows of money (docs/adr/0023). They may be NULL: the version that runs meanwhile writes none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("orders", "order_lines", "refund_cases", "refunds"):
        op.add_column(table, sa.Column("seal", sa.LargeBinary(33)))
