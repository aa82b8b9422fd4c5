"""A list of people as somebody types or pastes it: one person a line, 姓名 身份证号码 手机号码 (3.2.1.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contract.household import TypedPerson
from contract.people import DocumentType

_BREAKS = re.compile(r"[\s,，、;；:：|]+")
_ORDINAL = re.compile(r"^\s*\d{1,3}(?:[.．、)）:：]|\s(?=\s*\D))\s*")
"""What numbered lists and spreadsheets put before a name."""
_PHONE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")


@dataclass(frozen=True)
class TypedLine:
    """One line of the list, as it was typed, and whom it names; identity judges that."""

    number: int
    text: str
    typed: TypedPerson


def read(text: str) -> Iterator[TypedLine]:
    """The lines that are not empty, numbered as typed, from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield TypedLine(number, line.strip(), _person(line))


def _person(line: str) -> TypedPerson:
    """The parts may come in any order: what looks like a phone is one, the first other part with a digit in it is the
    document's number, the rest is the name, also where a space was typed into it."""
    parts = _BREAKS.split(_ORDINAL.sub("", line))
    numbers = [part for part in parts if re.search(r"\d", part)]
    phones = [part for part in numbers if _PHONE.fullmatch(part)]
    documents = [part for part in numbers if part not in phones]
    name = "".join(part for part in parts if part not in numbers)
    phone = "".join(phones + documents[1:])  # what is left over is said to be wrong, not dropped
    return TypedPerson(DocumentType.RESIDENT_ID, "".join(documents[:1]), name, phone)
