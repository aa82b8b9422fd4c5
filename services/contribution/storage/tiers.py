"""The only code that queries contribution's tables."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from contract.contribution import Tier
from contract.insurance import InsuranceType, PayerKind
from services.contribution.models import tiers


class TierTable:
    """The tiers kept by the authorities (3.2.1.9), effective-dated by contribution year."""

    def find(
        self,
        connection: Connection,
        pooling_codes: Sequence[str],
        payer_kind: PayerKind,
        insurance_type: InsuranceType,
        year: int,
    ) -> tuple[Tier, ...]:
        """The table of the nearest pooling level that has one for the year, lowest tier first."""  # fmt: skip
        kind = (tiers.c.payer_kind == payer_kind.value) & (tiers.c.insurance_type == insurance_type.value)
        for code in pooling_codes:
            of_level = kind & (tiers.c.pooling_code == code)
            newest = select(func.max(tiers.c.from_year)).where(of_level, tiers.c.from_year <= year)
            rows = connection.execute(
                select(tiers.c.code, tiers.c.label, tiers.c.amount)
                .where(of_level, tiers.c.from_year == newest.scalar_subquery())
                .order_by(tiers.c.position)
            ).all()
            if rows:
                return tuple(Tier(row.code, row.label, row.amount) for row in rows)
        return ()
