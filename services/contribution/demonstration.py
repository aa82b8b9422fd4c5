"""演示数据: tiers and bases so that the system can be shown. Not an authority's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from kit.database import insert_or_ignore
from services.contribution.domain.payables import PROVINCE
from services.contribution.models import tiers

_SOURCE = "演示数据"
_MEDICAL_YUAN = {2021: 280, 2022: 320, 2023: 350, 2024: 380, 2025: 400}
_PENSION_YUAN = (*range(100, 1001, 100), 1500, 2000)
_AVERAGE_WAGE_FEN = 675_600
_BASE_PERCENT = (60, 80, 100, 150, 200, 250, 300)


def load(tx: Connection) -> None:
    """Insert what is missing; what an authority has entered stays."""
    for row in _rows():
        insert_or_ignore(tx, tiers, pooling_code=PROVINCE, source=_SOURCE, **row)


def _rows() -> Iterator[dict[str, Any]]:
    for year, yuan in _MEDICAL_YUAN.items():
        yield {"payer_kind": "0", "insurance_type": "medical", "from_year": year, "position": 1,
               "code": "standard", "label": "个人缴费标准", "amount": yuan * 100}  # fmt: skip
    for position, yuan in enumerate(_PENSION_YUAN, 1):
        yield {"payer_kind": "0", "insurance_type": "pension", "from_year": 2021, "position": position,
               "code": f"{yuan}", "label": f"{yuan}元档", "amount": yuan * 100}  # fmt: skip
    for position, percent in enumerate(_BASE_PERCENT, 1):
        # 20 % of the base, twelve months.
        amount = _AVERAGE_WAGE_FEN * percent // 100 * 12 * 20 // 100
        yield {"payer_kind": "1", "insurance_type": "pension", "from_year": 2021, "position": position,
               "code": f"{percent}%", "label": f"{percent}%基数档", "amount": amount}  # fmt: skip
