"""Events that wait are found in their order, among those that wait alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITING = sa.text("published_at IS NULL")


def upgrade() -> None:
    op.drop_index("outbox_published", "outbox")
    op.drop_index("outbox_waiting", "outbox")
    op.create_index("outbox_waiting", "outbox", ["id"], postgresql_where=_WAITING, sqlite_where=_WAITING)
    op.create_index(
        "outbox_in_order", "outbox", ["aggregate", "id"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )


def downgrade() -> None:
    op.drop_index("outbox_in_order", "outbox")
    op.drop_index("outbox_waiting", "outbox")
    op.create_index(
        "outbox_waiting", "outbox", ["aggregate", "id"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
    op.create_index("outbox_published", "outbox", ["published_at"])
