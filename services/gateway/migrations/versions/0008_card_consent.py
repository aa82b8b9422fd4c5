"""The consent to a photo of a card that a visitor gives before anybody knows who it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("card_consent_version", sa.String(16)))
