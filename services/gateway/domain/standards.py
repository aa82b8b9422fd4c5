"""缴费标准: whose table a payer looks at, and of which year (requirement 3.2.1.9)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from contract.contribution import DEMONSTRATION, Enrolment, Tiers
from contract.errors import InvalidInput
from contract.insurance import InsuranceType, PayerKind
from contract.places import Division, Place

_DIVISION = re.compile(r"45\d{4}", re.ASCII)
_CITY_DIGITS, _COUNTY_DIGITS = 4, 6


@dataclass(frozen=True)
class Wanted:
    """Whose standards: a county, or a whole city."""

    division_code: str
    payer_kind: PayerKind
    year: int


@dataclass(frozen=True)
class Standard:
    """The table of one insurance type; without tiers where no authority of the place keeps one."""

    insurance_type: InsuranceType
    table: Tiers

    @property
    def demonstration(self) -> bool:
        return self.table.source == DEMONSTRATION

    def awaits(self, year: int, today: dt.date) -> bool:
        """Whether a year to come is shown by the table of an earlier one, which may still be replaced."""
        return bool(self.table.tiers) and self.table.from_year <= today.year < year


def years_shown(today: dt.date) -> tuple[int, int]:
    """This year and the next."""
    return today.year, today.year + 1


def settle_kind(typed: str, enrolment: Enrolment | None) -> PayerKind:
    """What was asked for, else the payer's own kind, else residents."""
    if typed in set(PayerKind):
        return PayerKind(typed)
    return enrolment.payer_kind if enrolment else PayerKind.RESIDENT


def settle_year(typed: str, today: dt.date) -> int:
    """What was asked for where it is shown, else this year."""
    years = years_shown(today)
    return next((year for year in years if str(year) == typed), years[0])


def place_of(division_code: str) -> Place:
    """City and county of an enrolment's 行政区划, whose names only identity knows."""
    return Place(Division(division_code[:_CITY_DIGITS]), Division(division_code[:_COUNTY_DIGITS]))


def division_of(place: Place) -> str:
    """The code whose standards hold in a place: its county's, else its city's; empty where neither is known."""
    if len(place.county.code) == _COUNTY_DIGITS:
        return place.county.code
    return place.city.code.ljust(_COUNTY_DIGITS, "0") if len(place.city.code) == _CITY_DIGITS else ""


def asked_for(query: Mapping[str, str], today: dt.date) -> Wanted:
    """What a program asks for outright. Raises InvalidInput."""
    division, kind, year = (query.get(name, "") for name in ("division_code", "payer_kind", "year"))
    if not _DIVISION.fullmatch(division):
        raise InvalidInput("行政区划代码有误，应为以45开头的6位数字。", field="division_code")
    if kind not in set(PayerKind):
        raise InvalidInput("缴费人员类型有误：0城乡居民，1灵活就业人员。", field="payer_kind")
    if settle_year(year, today) != _whole(year):
        raise InvalidInput("只能查看本年度和下一年度的标准。", field="year")
    return Wanted(division, PayerKind(kind), settle_year(year, today))


def _whole(text: str) -> int:
    return int(text) if len(text) == len("2026") and text.isascii() and text.isdecimal() else 0
