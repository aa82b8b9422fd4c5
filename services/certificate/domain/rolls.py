"""A school's list: who is on it, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contract.people import DocumentType, Person
from contract.schools import MOST_STUDENTS, RollUnreadable

_ID = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_FAULTS_SHOWN = 5


def students(rows: Sequence[Sequence[str]]) -> tuple[Person, ...]:
    """Everybody on a list, in its order, each once. A first line without a number is a heading.

    Raises RollUnreadable, naming the first lines at fault.
    """
    found: dict[str, Person] = {}
    faults: list[str] = []
    for line, row in enumerate(rows, 1):
        name, number = (_clean(row[at]) if len(row) > at else "" for at in (0, 1))
        if not name and not number:
            continue
        if line == 1 and not re.search(r"[0-9]", number):
            continue
        number = number.replace(" ", "").upper()
        if not name or not _valid(number):
            faults.append(f"第{line}行{'没有姓名' if not name else '身份证号码有误'}")
        elif number in found and found[number].name != name:
            faults.append(f"第{line}行与前面的身份证号码相同，姓名不同")
        else:
            found[number] = Person(DocumentType.RESIDENT_ID, number, name)
    if faults:
        more = f"等{len(faults)}处" if len(faults) > _FAULTS_SHOWN else ""
        text = f"名单有错误：{'；'.join(faults[:_FAULTS_SHOWN])}{more}。没有开具任何证明，请改正后重新上传。"
        raise RollUnreadable(text, field="file")
    if not found or len(found) > MOST_STUDENTS:
        text = f"名单上要有1到{MOST_STUDENTS}人，现在是{len(found)}人。没有开具任何证明。"
        raise RollUnreadable(text, field="file")
    return tuple(found.values())


def _clean(cell: str) -> str:
    return " ".join(cell.replace("　", " ").split()).strip("'\t")


def _valid(number: str) -> bool:
    """18 digits with the right last one (GB 11643)."""
    if not _ID.fullmatch(number):
        return False
    weighed = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return _CHECK[weighed % 11] == number[17]
