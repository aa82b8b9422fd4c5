"""By what staff find an insured who cannot name the order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("insured_hint", sa.LargeBinary(32)))
    op.create_index("order_lines_insured_hint_idx", "order_lines", ["insured_hint"])


def downgrade() -> None:
    op.drop_index("order_lines_insured_hint_idx", "order_lines")
    op.drop_column("order_lines", "insured_hint")
