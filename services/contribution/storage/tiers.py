"""The authorities' tables and all their versions (3.2.1.9), effective-dated by contribution year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select
from sqlalchemy.engine import Row

from contract.audit import Act, Action, system
from contract.contribution import BaseRule, Tier, Tiers
from contract.insurance import InsuranceType, PayerKind
from contract.tiers import TierVersion
from kit.audit import JOURNAL
from kit.database import insert_or_ignore
from services.contribution.domain.tables import InForce, SheetTable
from services.contribution.models import TABLE_SEAL, TIER_SEAL, tier_imports, tier_tables, tiers

_OF = tier_tables.c


class TierTable:
    """A version is written once and never changed; of one `from_year` the highest is in force."""

    def find(
        self, connection: Connection, pooling_codes: Sequence[str], payer_kind: PayerKind,
        insurance_type: InsuranceType, year: int,
    ) -> InForce | None:  # fmt: skip
        """The table in force for a year: of the nearest pooling level that has one, the newest that has begun."""
        row = connection.execute(
            select(tier_tables)
            .where(_OF.pooling_code.in_(pooling_codes), _same_kind(payer_kind, insurance_type), _OF.from_year <= year)
            # A county's code is greater than its city's, and that one greater than the region's.
            .order_by(_OF.pooling_code.desc(), _OF.from_year.desc(), _OF.version.desc())
            .limit(1)
        ).one_or_none()  # fmt: skip
        return InForce(row.table_id, self._table(connection, row)) if row else None

    def next_version(self, tx: Connection, pooling_code: str, table: SheetTable) -> int:
        """The version that would replace what is there now."""
        columns = (_OF.pooling_code, _OF.payer_kind, _OF.insurance_type, _OF.from_year)
        same = and_(
            *(column == value for column, value in zip(columns, _key(pooling_code, table), strict=True))
        )
        return (tx.execute(select(func.max(_OF.version)).where(same)).scalar() or 0) + 1

    def add(
        self, tx: Connection, pooling_code: str, table: SheetTable, version: int, source: str,
        import_id: str | None = None, at: dt.datetime | None = None,
    ) -> bool:  # fmt: skip
        """A version of a table; False when it is there already: somebody else was quicker."""
        key = _key(pooling_code, table)
        table_id, rule = ".".join(str(part) for part in (*key, version)), table.rule
        whole = TABLE_SEAL.onto({
            "table_id": table_id, "pooling_code": pooling_code, "payer_kind": key[1], "insurance_type": key[2],
            "from_year": table.year, "version": version, "source": source, "import_id": import_id, "at": at,
            "base_minimum": rule and rule.minimum, "base_maximum": rule and rule.maximum, "ratio": rule and rule.ratio,
            "months": rule and rule.months,
        })  # fmt: skip
        added = insert_or_ignore(tx, tier_tables, **whole)
        if added:
            rows = [
                TIER_SEAL.onto({"table_id": table_id, "position": position, "code": tier.code, "label": tier.label,
                                "amount": tier.amount, "base": tier.base})
                for position, tier in enumerate(table.tiers, 1)
            ]  # fmt: skip
            tx.execute(insert(tiers), rows)
            act = Act(
                system("contribution"),
                Action.TIERS_KEPT,
                f"table:{table_id}",
                detail={"import": import_id or ""},
            )
            written = [TABLE_SEAL.written(whole), *map(TIER_SEAL.written, rows)]
            JOURNAL.add(tx, act, at or dt.datetime.now(dt.UTC), written)
        return added

    def history(
        self, connection: Connection, pooling_code: str, payer_kind: PayerKind, insurance_type: InsuranceType,
        limit: int,
    ) -> tuple[TierVersion, ...]:  # fmt: skip
        """Every version of a pooling level's own tables, newest year and version first."""
        imported = tier_imports.c
        rows = connection.execute(
            select(tier_tables, imported.reason, imported.submitted_by, imported.decided_by)
            .join_from(tier_tables, tier_imports, imported.import_id == _OF.import_id, isouter=True)
            .where(_OF.pooling_code == pooling_code, _same_kind(payer_kind, insurance_type))
            .order_by(_OF.from_year.desc(), _OF.version.desc())
            .limit(limit)
        ).all()
        return tuple(
            TierVersion(
                row.version, self._table(connection, row), row.at, row.import_id or "", row.reason or "",
                row.submitted_by or "", row.decided_by or "",
            )
            for row in rows
        )  # fmt: skip

    def _table(self, connection: Connection, row: Row[Any]) -> Tiers:
        found = connection.execute(
            select(tiers).where(tiers.c.table_id == row.table_id).order_by(tiers.c.position)
        ).all()
        rule = None
        if row.ratio is not None:
            rule = BaseRule(row.base_minimum, row.base_maximum, row.ratio, row.months)
        kept = tuple(Tier(tier.code, tier.label, tier.amount, tier.base) for tier in found)
        return Tiers(kept, rule, row.source, row.from_year, row.pooling_code)


def _key(pooling_code: str, table: SheetTable) -> tuple[str, str, str, int]:
    return pooling_code, table.payer_kind.value, table.insurance_type.value, table.year


def _same_kind(payer_kind: PayerKind, insurance_type: InsuranceType) -> Any:
    return (_OF.payer_kind == payer_kind.value) & (_OF.insurance_type == insurance_type.value)
