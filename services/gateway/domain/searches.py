"""社保费查询: which 所属期 a form offers, and whom its fields name (3.2.1.8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from contract.people import Person
from contract.records import AskedAs

SOMEBODY_ELSE = "new"
"""`of` of an empty form."""
_YEARS_BACK = 10
_MASK = "*"


@dataclass(frozen=True)
class Subject:
    """Whom a question is about. `of` names them in an address: empty for the payer, a pick of their list, or a sealed
    name and number; never anything a person could be known by."""

    of: str
    person: Person
    asked_as: AskedAs


@dataclass(frozen=True)
class Period:
    """缴费所属期起 and 止, as year and month chosen apart."""

    from_year: str
    from_month: str
    to_year: str
    to_month: str

    months: ClassVar = [(f"{month:02d}", f"{month}月") for month in range(1, 13)]

    @property
    def first(self) -> str:
        return self.from_year + self.from_month

    @property
    def last(self) -> str:
        return self.to_year + self.to_month

    @classmethod
    def of(cls, first: str, last: str) -> Period:
        """From yyyyMM to yyyyMM; what is none is refused where it is asked for."""
        return cls(first[:4], first[4:], last[:4], last[4:])

    @classmethod
    def usual(cls, today: dt.date) -> Period:
        """This year and the next: what may have been paid now."""
        return cls(f"{today.year}", "01", f"{today.year + 1}", "12")

    @classmethod
    def chosen(cls, form: Mapping[str, str]) -> Period:
        """What the fields of a form say."""
        return cls(*(form.get(name, "")[:4] for name in ("from_year", "from_month", "to_year", "to_month")))


def years_offered(today: dt.date) -> list[tuple[str, str]]:
    """The next year first."""
    return [(f"{year}", f"{year}年") for year in range(today.year + 1, today.year - _YEARS_BACK - 1, -1)]


def missing(name: str, number: str) -> dict[str, str]:
    """What is said of fields left empty, or changed only in part from the mask they were shown with, by field."""
    wrong = {}
    for field, typed, label in (("name", name, "姓名"), ("document_number", number, "身份证号码")):
        if not typed:
            wrong[field] = f"请输入{label}。"
        elif _MASK in typed:
            wrong[field] = f"请输入完整的{label}，不能带星号。"
    return wrong
