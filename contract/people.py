"""Who a contribution is about, and how a person proves who they are."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
