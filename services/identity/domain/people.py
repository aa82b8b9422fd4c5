"""What a name, a document number and a phone may be (domain-facts.md)."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from contract.identity import InvalidIdNumber, InvalidName, InvalidPhone
from contract.people import DocumentType, Person

_EARLIEST_BIRTH = dt.date(1900, 1, 1)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_CHECK_DIGITS = "10X98765432"

_NUMBER = re.compile(r"[0-9]{17}[0-9X]")

_PHONE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")

_RESIDENCE_PERMITS = ("810000", "820000", "830000")

_PERMANENT_RESIDENT = "9"

# GB/T 2260: the provinces. County codes are not checked: they were renumbered too often (domain-facts.md).
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (81, 83))
    for code in range(first, last + 1)
)

_DOT = "·"

_DOT_VARIANTS = str.maketrans(dict.fromkeys("•‧・･.．∙⋅", _DOT))

# Ideographs of all Unicode extensions (planes 2 and 3 hold B and later), and 〇.
_IDEOGRAPH = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_NAME = re.compile(rf"[{_IDEOGRAPH}]+(?:{_DOT}[{_IDEOGRAPH}]+)*")

_NAME_LENGTH = range(2, 26)


@dataclass(frozen=True)
class Applicant:
    """Who asks for a code or types one: a code is bound to all three."""

    openid: str
    person: Person
    phone: str


def applicant(openid: str, name: str, document_number: str, phone: str, today: dt.date) -> Applicant:
    """What a person typed, normalised. Raises InvalidName, InvalidIdNumber or InvalidPhone.

    `today` is the date in China: nobody is born later.
    """
    name, number = normal_name(name), normal_document_number(document_number, today)
    return Applicant(openid, Person(document_type_of(number), number, name), normal_phone(phone))


def normal_name(text: str) -> str:
    """A name without spaces, its dots as “·”. Characters stay as typed: even canonical forms of CJK
    compatibility ideographs are other characters in a register. Raises InvalidName."""
    name = _without_spaces(text).translate(_DOT_VARIANTS)
    if len(name) not in _NAME_LENGTH or not _NAME.fullmatch(name):
        raise InvalidName(field="name")
    return name


def normal_document_number(text: str, today: dt.date) -> str:
    """An 18-digit number, half width, upper case, checked by GB 11643. Raises InvalidIdNumber."""
    number = _half_width(text).upper()
    if not _NUMBER.fullmatch(number) or number[17] != check_digit(number) or not _born(number, today):
        raise InvalidIdNumber(field="document_number")
    return number


def normal_phone(text: str) -> str:
    """A mainland mobile number of 11 digits. Raises InvalidPhone."""
    found = _PHONE.fullmatch(_half_width(text).replace("-", ""))
    if found is None:
        raise InvalidPhone(field="phone")
    return found[1]


def normal_code(text: str) -> str:
    """A code as it was sent, however it was typed."""
    return _half_width(text)


def check_digit(number: str) -> str:
    """The 18th character that belongs to the first 17 digits (GB 11643)."""
    return _CHECK_DIGITS[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11]


def document_type_of(number: str) -> DocumentType:
    """Which document an 18-digit number belongs to."""
    if number.startswith(_RESIDENCE_PERMITS):
        return DocumentType.RESIDENCE_PERMIT
    if number.startswith(_PERMANENT_RESIDENT):
        return DocumentType.PERMANENT_RESIDENT
    return DocumentType.RESIDENT_ID


def region_known(number: str) -> bool:
    """Whether the number names a province; unknown ones are worth a warning, never a refusal."""
    return number[:2] in _PROVINCES or number.startswith(_PERMANENT_RESIDENT)


def _born(number: str, today: dt.date) -> bool:
    try:
        birth = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return _EARLIEST_BIRTH <= birth <= today


def _half_width(text: str) -> str:
    return _without_spaces(unicodedata.normalize("NFKC", text))


def _without_spaces(text: str) -> str:
    """Without spaces of any width and the invisible marks that come with pasted text."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")
