"""What a year of insurance costs. 演示数据: demonstration values, not an authority's tables."""

from __future__ import annotations

from dataclasses import dataclass

RESIDENT_PENSION = "10210"
RESIDENT_MEDICAL = "10212"
EMPLOYEE_PENSION = "10201"
EMPLOYEE_MEDICAL = "10203"

# 征收品目 of each insurance type; the last two are assumptions (protocols section 2).
ITEM_CODES = {
    RESIDENT_PENSION: "102100100",
    RESIDENT_MEDICAL: "102120001",
    EMPLOYEE_PENSION: "102010100",
    EMPLOYEE_MEDICAL: "102030100",
}
INSURANCE_NAMES = {
    RESIDENT_PENSION: "城乡居民基本养老保险",
    RESIDENT_MEDICAL: "城乡居民基本医疗保险",
    EMPLOYEE_PENSION: "灵活就业人员基本养老保险",
    EMPLOYEE_MEDICAL: "灵活就业人员基本医疗保险",
}
PENSION_TYPES = (RESIDENT_PENSION, EMPLOYEE_PENSION)

# Personal fee by coverage year, in yuan; years after the last keep its value.
MEDICAL_YUAN = {2021: 280, 2022: 320, 2023: 350, 2024: 380, 2025: 400}
PENSION_TIERS_YUAN = (100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1500, 2000)
# Flexible workers: 20 % (pension) and 8.5 % (medical) of a base between 60 % and 300 % of the average.
AVERAGE_WAGE_FEN = 675_600
BASE_PERCENTAGES = (60, 80, 100, 150, 200, 250, 300)


@dataclass(frozen=True)
class Tier:
    """缴费档次: its name on the wire (empty when there is no choice) and the year's amount in fen."""

    name: str
    amount: int


def medical_fee(year: int) -> int:
    """Resident medical insurance of that coverage year, in fen."""
    return MEDICAL_YUAN[min(max(year, min(MEDICAL_YUAN)), max(MEDICAL_YUAN))] * 100


def base_fee(base: int, ratio: int) -> int:
    """Twelve months of a ratio, in basis points, of a monthly base, in fen: rounded once, halves up."""
    return (base * ratio * 12 + 5_000) // 10_000


def tiers(insurance_type: str, year: int) -> tuple[Tier, ...]:
    """What may be chosen for that insurance type and year."""
    if insurance_type == RESIDENT_MEDICAL:
        return (Tier("", medical_fee(year)),)
    if insurance_type == RESIDENT_PENSION:
        return tuple(Tier(f"{yuan}元档", yuan * 100) for yuan in PENSION_TIERS_YUAN)
    if insurance_type == EMPLOYEE_PENSION:
        return tuple(
            Tier(f"{p}%基数档", base_fee(AVERAGE_WAGE_FEN * p // 100, 2000)) for p in BASE_PERCENTAGES
        )
    if insurance_type == EMPLOYEE_MEDICAL:
        return (Tier("", base_fee(AVERAGE_WAGE_FEN * 60 // 100, 850)),)
    return ()


def yuan(fen: int) -> str:
    """Yuan with two decimals, as the tax side writes amounts."""
    return f"{fen // 100}.{fen % 100:02d}"
