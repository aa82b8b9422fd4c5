"""Tables of tiers in versions, with bases, and the imports they come from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_KEY = ("pooling_code", "payer_kind", "insurance_type", "from_year")


def upgrade() -> None:
    kept = [dict(row) for row in op.get_bind().execute(sa.text("SELECT * FROM tiers")).mappings()]
    op.drop_table("tiers")
    _create_imports()
    tables, tiers = _create_tables()
    _fill(tables, tiers, kept)


def _create_imports() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tier_imports",
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("pooling_code", sa.String(6), nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tables", sa.JSON, nullable=False),
        sa.Column("compared_with", sa.JSON, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("submitted_by", sa.String(64), nullable=False),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("import_id", name="tier_imports_pkey"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'rejected')", name="tier_imports_state_check"
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> submitted_by)",
            name="tier_imports_four_eyes_check",
        ),
    )
    op.create_index("tier_imports_created_at_idx", "tier_imports", ["created_at"])
    op.create_table(
        "tier_acts",
        sa.Column("act_id", sa.Integer, nullable=False),
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("operator_id", sa.String(64), nullable=False),
        sa.Column("operator_name", sa.LargeBinary, nullable=False),
        sa.Column("pooling_code", sa.String(6), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name="tier_acts_pkey"),
        sa.ForeignKeyConstraint(["import_id"], ["tier_imports.import_id"], name="tier_acts_import_id_fkey"),
    )
    op.create_index("tier_acts_import_id_idx", "tier_acts", ["import_id"])


def _create_tables() -> tuple[sa.Table, sa.Table]:
    tables = op.create_table(
        "tier_tables",
        sa.Column("table_id", sa.String(48), nullable=False),
        sa.Column("pooling_code", sa.String(6), nullable=False),
        sa.Column("payer_kind", sa.String(1), nullable=False),
        sa.Column("insurance_type", sa.String(16), nullable=False),
        sa.Column("from_year", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("base_minimum", sa.BigInteger),
        sa.Column("base_maximum", sa.BigInteger),
        sa.Column("ratio", sa.Integer),
        sa.Column("months", sa.Integer),
        sa.Column("import_id", sa.String(36)),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("table_id", name="tier_tables_pkey"),
        sa.UniqueConstraint(
            "pooling_code", "payer_kind", "insurance_type", "from_year", "version",
            name="tier_tables_version_key",
        ),
        sa.ForeignKeyConstraint(["import_id"], ["tier_imports.import_id"], name="tier_tables_import_id_fkey"),
    )  # fmt: skip
    tiers = op.create_table(
        "tiers",
        sa.Column("table_id", sa.String(48), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("base", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("table_id", "code", name="tiers_pkey"),
        sa.ForeignKeyConstraint(["table_id"], ["tier_tables.table_id"], name="tiers_table_id_fkey"),
        sa.CheckConstraint("amount > 0", name="tiers_amount_check"),
    )
    return tables, tiers


def _fill(tables: sa.Table, tiers: sa.Table, kept: list[dict[str, Any]]) -> None:
    """What was kept so far becomes version 1. Demonstration bases (演示数据) are left to kit.migrate, which knows their
    rule."""
    grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in kept:
        if row["source"] != "演示数据":
            grouped[tuple(row[name] for name in _KEY)].append(row)
    for key, rows in grouped.items():
        table = dict(zip(_KEY, key, strict=True)) | {"version": 1, "source": rows[0]["source"]}
        table["table_id"] = ".".join(str(part) for part in (*key, 1))
        op.bulk_insert(tables, [table])
        names = ("code", "position", "label", "amount")
        of_table = {"table_id": table["table_id"], "base": 0}
        op.bulk_insert(tiers, [of_table | {name: row[name] for name in names} for row in rows])
