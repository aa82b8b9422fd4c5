"""Citizen identity numbers, GB 11643."""

from __future__ import annotations

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"


def check_digit(first_seventeen: str) -> str:
    return CHECK_DIGITS[
        sum(int(digit) * weight for digit, weight in zip(first_seventeen, WEIGHTS, strict=True)) % 11
    ]


def complete(first_seventeen: str) -> str:
    return first_seventeen + check_digit(first_seventeen)


def normalised(number: str) -> str:
    """Full-width and lower-case forms as the authorities write them: ``４…ｘ`` becomes ``4…X``."""
    plain = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in number)
    return "".join(plain.split()).upper()
