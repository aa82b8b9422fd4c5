"""The index that keeps two payers from paying for one person."""

from __future__ import annotations

from sqlalchemy import text

from kit.database import Database


def test_only_live_orders_exclude_each_other(migrated: Database) -> None:
    with migrated.read() as connection:
        made = connection.execute(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = 'order_lines_one_live'")
        )
        definition = made.scalar_one()
    assert definition.startswith("CREATE UNIQUE INDEX")
    assert definition.endswith("(insured_index, insurance_type, year) WHERE live")
