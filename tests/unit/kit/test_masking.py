"""Masking: enough to recognise oneself, too little to learn anything (design.md §7)."""

from __future__ import annotations

import pytest

from kit.masking import mask_name, mask_number, mask_phone


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("欧阳娜娜", "欧***"),
        ("买买提·艾力", "买*****"),
        ("𬭎某", "𬭎*"),
        ("张", "*"),
        ("", "*"),
    ],
)
def test_only_the_first_character_of_a_name_stays(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("45010319780612204X", "4501**********204X"), ("123456789012", "1234****9012"), ("G12345678", "G1*****78"),
        ("12345", "12*45"), ("1234", "****"), ("1", "*"), ("", ""),
    ],
)  # fmt: skip
def test_a_number_keeps_its_ends_and_its_length(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@pytest.mark.parametrize(("phone", "masked"), [("13800138000", "138****8000"), ("110", "***"), ("", "")])
def test_a_phone_keeps_three_and_four_digits(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
