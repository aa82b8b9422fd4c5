"""演示数据: tiers and bases so that the system can be shown. Not an authority's tables."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from contract.contribution import DEMONSTRATION, BaseRule, Tier
from contract.insurance import InsuranceType, PayerKind
from services.contribution.domain.bases import amount_of
from services.contribution.domain.payables import PROVINCE
from services.contribution.domain.tables import SheetTable
from services.contribution.storage.tiers import TierTable

_MEDICAL_YUAN = {2021: 280, 2022: 320, 2023: 350, 2024: 380, 2025: 400}
_PENSION_YUAN = (*range(100, 1001, 100), 1500, 2000)
_AVERAGE_WAGE_FEN = 675_600
_BASE_PERCENT = (60, 80, 100, 150, 200, 250, 300)
_PENSION_RULE = BaseRule(405_360, 2_026_800, ratio=2_000, months=12)
_FROM = 2021


def load(tx: Connection) -> None:
    """Insert what is missing; what an authority has entered stays."""
    storage = TierTable()
    for table in _tables():
        storage.add(tx, PROVINCE, table, 1, DEMONSTRATION)


def _tables() -> Iterator[SheetTable]:
    resident, flexible = PayerKind.RESIDENT, PayerKind.FLEXIBLE
    for year, yuan in _MEDICAL_YUAN.items():
        standard = Tier("standard", "个人缴费标准", yuan * 100)
        yield SheetTable(resident, InsuranceType.MEDICAL, year, None, (standard,))
    tiers = tuple(Tier(f"{yuan}", f"{yuan}元档", yuan * 100) for yuan in _PENSION_YUAN)
    yield SheetTable(resident, InsuranceType.PENSION, _FROM, None, tiers)
    bases = [(percent, _AVERAGE_WAGE_FEN * percent // 100) for percent in _BASE_PERCENT]
    tiers = tuple(Tier(f"{p}%", f"{p}%基数档", amount_of(base, _PENSION_RULE), base) for p, base in bases)
    yield SheetTable(flexible, InsuranceType.PENSION, _FROM, _PENSION_RULE, tiers)
