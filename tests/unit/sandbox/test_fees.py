"""Demonstration amounts and the segment rule of protocols section 6."""

import pytest

from sandbox import fees
from sandbox.templates_file import segments
from sandbox.unionpay.postings import fen


def test_medical_fee_follows_the_year_and_keeps_the_last_value() -> None:
    assert [fees.medical_fee(year) for year in (2021, 2024, 2025, 2030)] == [28000, 38000, 40000, 40000]


def test_resident_pension_has_twelve_tiers() -> None:
    tiers = fees.tiers(fees.RESIDENT_PENSION, 2026)
    assert [tier.amount // 100 for tier in tiers] == [*range(100, 1001, 100), 1500, 2000]
    assert tiers[0].name == "100元档"


def test_flexible_pension_is_a_fifth_of_the_base() -> None:
    """domain-facts: bases from 4053.60 to 20268.00 a month, 20 %."""
    tiers = fees.tiers(fees.EMPLOYEE_PENSION, 2026)
    assert tiers[0].amount == 405_360 * 12 // 5
    assert tiers[-1].amount == 2_026_800 * 12 // 5


@pytest.mark.parametrize(("amount", "text"), [(40000, "400.00"), (5, "0.05"), (972864, "9728.64")])
def test_yuan_and_fen_are_opposites(amount: int, text: str) -> None:
    assert fees.yuan(amount) == text
    assert fen(text) == amount


@pytest.mark.parametrize("text", ["400", "400.0", "-1.00", "1e3", "", "４00.00 "])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        fen(text)


@pytest.mark.parametrize(("length", "expected"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3)])
def test_segments(length: int, expected: int) -> None:
    assert segments("社" * length) == expected


def test_an_extension_b_character_takes_two_units() -> None:
    assert segments("社" * 69 + "𣲗") == 2
