"""Who a contribution is about, and how a person proves who they are."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def check_digit(number: str) -> str:
    """The 18th character that belongs to the first 17 digits of an ID number (GB 11643)."""
    return _CHECK_DIGITS[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11]


class DocumentType(enum.StrEnum):
    """证件类型. Values are the tax core's codes (protocols.md §2, 201 居民身份证)."""

    RESIDENT_ID = "201"
    RESIDENCE_PERMIT = "210"
    PERMANENT_RESIDENT = "233"
    PASSPORT = "208"

    @property
    def label(self) -> str:
        return {
            "201": "居民身份证",
            "210": "港澳台居民居住证",
            "233": "外国人永久居留身份证",
            "208": "护照",
        }[self.value]


@dataclass(frozen=True)
class Person:
    """A natural person by document. `document_number` is normalised: upper case, half width, no spaces."""

    document_type: DocumentType
    document_number: str
    name: str
