"""What a name, a document number and a phone may be (domain-facts.md)."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from contract.identity import InvalidDocumentNumber, InvalidIdNumber, InvalidName, InvalidPhone
from contract.people import DocumentType, Person, check_digit

_EARLIEST_BIRTH = dt.date(1900, 1, 1)


_NUMBER = re.compile(r"[0-9]{17}[0-9X]")

_OLD_PERMANENT_RESIDENT = re.compile(r"[A-Z]{3}[0-9]{12}")

_PASSPORT = re.compile(r"[0-9A-Z]{5,17}")

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

_FOREIGN = (DocumentType.PERMANENT_RESIDENT, DocumentType.PASSPORT)

_MARKS = str.maketrans(dict.fromkeys("’‘ʼ`´", "'") | dict.fromkeys("‐‑‒–—−", "-"))

_FOREIGN_NAME = re.compile(r"[^\W\d_](?:[ .'-]{0,2}[^\W\d_])*\.?")

_FOREIGN_NAME_LENGTH = range(2, 61)


@dataclass(frozen=True)
class Applicant:
    """Who asks for a code or types one: a code is bound to all three."""

    openid: str
    person: Person
    phone: str


def person_of(document_type: DocumentType, document_number: str, name: str, today: dt.date) -> Person:
    """A person as typed, normalised.

    A number typed as that of a resident ID card makes it the document it belongs to: holders of permits and of
    permanent residence seldom know the difference. `today` is the date in China: nobody is born later. Raises
    InvalidIdNumber, InvalidDocumentNumber or InvalidName.
    """
    if document_type is DocumentType.RESIDENT_ID:
        number = normal_id_number(document_number, today)
        document_type = document_type_of(number)
    else:
        number = _other_number(document_type, document_number, today)
    foreign = document_type in _FOREIGN
    return Person(document_type, number, normal_foreign_name(name) if foreign else normal_name(name))


def age_on(person: Person, today: dt.date) -> int | None:
    """Full years of age, or None where the document tells no date of birth: passports, and permanent-resident
    cards of the older kind, which leave out the century."""
    if not _NUMBER.fullmatch(person.document_number):
        return None
    birth = _birth(person.document_number)
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def normal_name(text: str) -> str:
    """A name without spaces, its dots as “·”. Characters stay as typed: even canonical forms of CJK
    compatibility ideographs are other characters in a register. Raises InvalidName."""
    name = _without_spaces(text).translate(_DOT_VARIANTS)
    if len(name) not in _NAME_LENGTH or not _NAME.fullmatch(name):
        raise InvalidName(field="name")
    return name


def normal_foreign_name(text: str) -> str:
    """A name on a passport or a permanent-resident card: Chinese, or Latin letters in capitals as those documents
    print them, with single spaces, so that one holder is one person however they type. Raises InvalidName."""
    name = " ".join(_visible(unicodedata.normalize("NFKC", text)).translate(_MARKS).split()).upper()
    latin = all(c in " .'-" or unicodedata.name(c, "").startswith("LATIN ") for c in name)
    if latin and len(name) in _FOREIGN_NAME_LENGTH and _FOREIGN_NAME.fullmatch(name):
        return name
    try:
        return normal_name(text)
    except InvalidName:
        raise InvalidName(
            "请输入与证件一致的姓名（中文姓名2至25个字，外文姓名2至60个字母）。", field="name"
        ) from None


def normal_id_number(text: str, today: dt.date) -> str:
    """An 18-digit number, half width, upper case, checked by GB 11643. Raises InvalidIdNumber."""
    number = _half_width(text).upper()
    if not _passes(number, today):
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


def document_type_of(number: str) -> DocumentType:
    """Which document an 18-digit number belongs to."""
    if number.startswith(_RESIDENCE_PERMITS):
        return DocumentType.RESIDENCE_PERMIT
    if number.startswith(_PERMANENT_RESIDENT):
        return DocumentType.PERMANENT_RESIDENT
    return DocumentType.RESIDENT_ID


def region_known(person: Person) -> bool:
    """Whether a resident's number names a province; unknown ones are worth a warning, never a refusal."""
    return person.document_type is not DocumentType.RESIDENT_ID or person.document_number[:2] in _PROVINCES


def _other_number(document_type: DocumentType, text: str, today: dt.date) -> str:
    """A number that a document of this type carries. Raises InvalidDocumentNumber."""
    number = _half_width(text).upper()
    if document_type is DocumentType.PASSPORT:
        fits = bool(_PASSPORT.fullmatch(number))
    else:
        fits = _passes(number, today) and document_type_of(number) is document_type
    if document_type is DocumentType.PERMANENT_RESIDENT:
        fits = fits or bool(_OLD_PERMANENT_RESIDENT.fullmatch(number))
    if not fits:
        raise InvalidDocumentNumber(field="document_number")
    return number


def _passes(number: str, today: dt.date) -> bool:
    """Whether a number has 18 digits, a date of birth that may be, and its check digit."""
    if not _NUMBER.fullmatch(number) or number[17] != check_digit(number):
        return False
    try:
        return _EARLIEST_BIRTH <= _birth(number) <= today
    except ValueError:
        return False


def _birth(number: str) -> dt.date:
    return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def _half_width(text: str) -> str:
    return _without_spaces(unicodedata.normalize("NFKC", text))


def _without_spaces(text: str) -> str:
    """Without spaces of any width and the invisible marks that come with pasted text."""
    return "".join(c for c in _visible(text) if not c.isspace())


def _visible(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) != "Cf")
