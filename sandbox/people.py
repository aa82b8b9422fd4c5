"""The people the tax side knows: computed from the seed, never stored."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sandbox import fees
from sandbox.divisions import Agency, agencies
from sandbox.idnumber import complete, normalised

RESIDENT, FLEXIBLE = "0", "1"

# Ages are counted on this fixed day, so that one seed gives one population for ever.
COUNTED_ON = date(2026, 1, 1)

SURNAMES = "韦黄李陈梁莫覃陆蒙农罗卢甘唐刘何廖周吴谭杨王张潘蓝邓邱龙石林谢苏欧蒋磨滕岑闭凌区赵银吕玉冼"
GIVEN = (
    "秀兰丽华志强桂英建国小凤玉珍春梅海燕文斌雪芳永福金莲凤娇宏伟晓东世荣美玲俊杰红霞子涵雨欣宇轩思怡德才月娥"
)
MINORITY = ("阿依古丽·买买提", "扎西·多吉", "其其格·巴特尔", "古丽娜尔·艾山", "卓玛·央金", "木合塔尔·吐尔逊")


@dataclass(frozen=True)
class Enrolment:
    """One line of cbdjxxlist: an insurance type at an agency, under a person number (人员编号)."""

    agency: Agency
    insurance_type: str
    person_number: str


@dataclass(frozen=True)
class PriorPayment:
    """Something paid before the sandbox began. ``year`` counts from this year: 0 this, 1 next."""

    insurance_type: str
    year: int = 0
    channel: str = "微信城市服务"
    tier: str = ""
    days_ago: int = 40


@dataclass(frozen=True)
class Declaration:
    """Something declared and not paid yet. ``year`` as in a prior payment; ``being_paid`` when the bank has the money
    on its way, so that it is still shown as unpaid and cannot be voided any more."""

    insurance_type: str
    year: int = 0
    tier: str = ""
    days_ago: int = 2
    being_paid: bool = False


@dataclass(frozen=True)
class Person:
    """A resident as the tax side knows him. ``djxh`` is the registration number, unique."""

    id_number: str
    name: str
    djxh: str
    kind: str = RESIDENT
    known: bool = True
    enrolments: tuple[Enrolment, ...] = ()
    prior_payments: tuple[PriorPayment, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    arrears_years: int = 0
    persona: str = ""
    shows: str = ""
    choose_agency_again: bool = False
    nothing_due: bool = False
    faults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id_hash(self) -> str:
        """How counters name a person without his number."""
        return id_hash(self.id_number)

    def has(self, insurance_type: str) -> bool:
        return any(enrolment.insurance_type == insurance_type for enrolment in self.enrolments)


def id_hash(id_number: str) -> str:
    """First 16 hex digits of SHA-256 of the number."""
    return hashlib.sha256(id_number.encode()).hexdigest()[:16]


def person_number(agency: Agency, serial: int) -> str:
    return f"{agency.division}{serial:08d}"


def registration_number(agency: Agency, serial: int) -> str:
    return f"1012{agency.division}{serial:010d}"


def enrol(agency: Agency, serial: int, *insurance_types: str) -> tuple[Enrolment, ...]:
    number = person_number(agency, serial)
    return tuple(Enrolment(agency, insurance_type, number) for insurance_type in insurance_types)


class Population:
    """Everybody, found by ID number, registration number or person number."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = tuple(people)
        self.personas = tuple(person for person in self.people if person.persona)
        self._by_id = {person.id_number: person for person in self.people}
        self._by_djxh = {person.djxh: person for person in self.people}
        self._by_number = {e.person_number: person for person in self.people for e in person.enrolments}
        self._by_persona = {person.persona: person for person in self.personas}

    def with_id_number(self, id_number: str) -> Person | None:
        return self._by_id.get(normalised(id_number))

    def named(self, key: str) -> Person | None:
        """By persona, registration number or person number."""
        return self._by_persona.get(key) or self._by_djxh.get(key) or self._by_number.get(key)


def residents(seed: int, count: int, taken: Iterable[str] = ()) -> list[Person]:
    """``count`` people spread over Guangxi's counties, none with an ID number in ``taken``."""
    rng = random.Random(f"residents:{seed}")  # noqa: S311 - replayable is the point
    places = list(agencies().values())
    used = set(taken)
    people: list[Person] = []
    while len(people) < count:
        agency = places[len(people) % len(places)]
        born = COUNTED_ON - timedelta(days=rng.randint(200, 95 * 365))
        number = complete(f"{agency.division}{born:%Y%m%d}{rng.randint(1, 999):03d}")
        if number not in used:
            used.add(number)
            people.append(_resident(rng, len(people) + 1, number, born, agency, places))
    return people


def _resident(
    rng: random.Random, serial: int, number: str, born: date, agency: Agency, places: list[Agency]
) -> Person:
    """One person; most are residents with medical and, between 16 and 59, pension insurance to pay."""
    age = (COUNTED_ON - born).days // 365
    working = 16 <= age < 60
    types = (fees.RESIDENT_MEDICAL, fees.RESIDENT_PENSION) if working else (fees.RESIDENT_MEDICAL,)
    kind, known, arrears = RESIDENT, True, 0
    enrolments = enrol(agency, serial, *types)
    paid: tuple[PriorPayment, ...] = ()
    lot = rng.random()
    if lot < 0.06:
        paid = (PriorPayment(fees.RESIDENT_MEDICAL, 0, days_ago=rng.randint(3, 300)),)
    elif lot < 0.09:
        paid = tuple(
            PriorPayment(fees.RESIDENT_MEDICAL, year, days_ago=rng.randint(3, 80)) for year in (0, 1)
        )
    elif lot < 0.14 and working:
        kind, enrolments = FLEXIBLE, enrol(agency, serial, fees.EMPLOYEE_PENSION, fees.EMPLOYEE_MEDICAL)
    elif lot < 0.17:
        known, enrolments = False, ()
    elif lot < 0.18:
        enrolments = ()
    elif lot < 0.20:
        other = places[(places.index(agency) + rng.randint(1, len(places) - 1)) % len(places)]
        enrolments += enrol(other, serial, fees.RESIDENT_MEDICAL)
    elif lot < 0.26 and working and age > 30:
        arrears = rng.randint(1, 13)
    return Person(
        number, _name(rng), registration_number(agency, serial), kind, known, enrolments, paid,
        arrears_years=arrears,
    )  # fmt: skip


def _name(rng: random.Random) -> str:
    if rng.random() < 0.01:
        return rng.choice(MINORITY)
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))
