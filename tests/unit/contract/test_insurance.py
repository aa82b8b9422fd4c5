"""Words of the business, as one reads them."""

from __future__ import annotations

import pytest

from contract.insurance import years_text


@pytest.mark.parametrize(
    ("years", "text"),
    [
        ((2026,), "2026"),
        ((2025, 2026), "2025-2026"),
        ((2014, 2016, 2017, 2018), "2014、2016-2018"),
        ((2020, 2018, 2016), "2016、2018、2020"),
        (range(2011, 2024), "2011-2023"),
        ((), ""),
    ],
)
def test_years_are_told_in_short(years: tuple[int, ...], text: str) -> None:
    assert years_text(years) == text
