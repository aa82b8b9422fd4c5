"""Citizen identity numbers (GB 11643) and what they say about birth and sex."""

from __future__ import annotations

import datetime as dt

from contract.people import check_digit

LENGTH = 18
_EARLIEST = dt.date(1900, 1, 1)
_REGIONS = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
            61, 62, 63, 64, 65, 71, 81, 82, 83}  # fmt: skip
"""First two digits that a province, or residents of Hong Kong, Macao and Taiwan, have."""


def has_form(number: str) -> bool:
    """Seventeen digits and a digit or X."""
    return len(number) == LENGTH and number[:17].isdecimal() and (number[17].isdecimal() or number[17] == "X")


def check_digit_holds(number: str) -> bool:
    return has_form(number) and number[17] == check_digit(number)


def birth_of(number: str) -> dt.date | None:
    """The birth date in a number, or None where it has none."""
    try:
        return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> str:
    return "男" if int(number[16]) % 2 else "女"


def is_valid(number: str, today: dt.date) -> bool:
    """Whether a number can be somebody's: form, check digit, province, and a birth date that has been."""
    if not check_digit_holds(number) or int(number[:2]) not in _REGIONS:
        return False
    birth = birth_of(number)
    return birth is not None and _EARLIEST <= birth <= today
