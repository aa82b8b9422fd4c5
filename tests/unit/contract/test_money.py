"""Yuan exists only at the edges, and is never a float."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import fen_from_yuan, yuan_text


@pytest.mark.parametrize(
    ("text", "fen"),
    [("380.00", 38000), ("380", 38000), ("0.01", 1), ("0", 0), ("4053.60", 405360), ("1e2", 10000), (" 5 ", 500)],
)  # fmt: skip
def test_yuan_become_whole_fen(text: str, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "abc", "380.001", "-1", "NaN", "Infinity", "-Infinity", "1,000", "0x10"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen_from_yuan(text)


@pytest.mark.parametrize(
    ("fen", "text"), [(38000, "380.00"), (1, "0.01"), (0, "0.00"), (123456789012, "1234567890.12")]
)
def test_fen_are_shown_with_two_decimals(fen: int, text: str) -> None:
    assert yuan_text(fen) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_no_fen_is_lost_on_the_way_there_and_back(fen: int) -> None:
    assert fen_from_yuan(yuan_text(fen)) == fen
