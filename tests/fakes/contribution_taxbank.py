"""The tax–bank subsystem and the authorities' tables as dictionaries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.contribution import Enrolment, EnrolmentEntry, Tier, Tiers, UpstreamUnavailable
from contract.insurance import InsuranceType, PayerKind
from contract.people import Person
from services.contribution.domain.payables import Payable
from services.contribution.domain.tables import InForce


@dataclass
class FakeTaxBank:
    """`payables` are by year, those of 补缴 under None; a year that is not there does not answer, nor does an
    `enrolment` that is an error. `asked` are the questions."""

    enrolment: Enrolment | Exception | None = None
    payables: Mapping[int | None, Sequence[Payable]] = field(default_factory=dict)
    asked: list[tuple[str, int | None]] = field(default_factory=list)

    def find_enrolment(self, person: Person) -> Enrolment | None:
        self.asked.append((person.name, 0))
        if isinstance(self.enrolment, Exception):
            raise self.enrolment
        return self.enrolment

    def find_payables(
        self, person: Person, payer_kind: PayerKind, entry: EnrolmentEntry, year: int | None
    ) -> Sequence[Payable]:
        self.asked.append((entry.entry_id, year))
        if year not in self.payables:
            raise UpstreamUnavailable()
        return self.payables[year]


@dataclass
class FakeTierTable:
    """Tables by pooling code; what they hold is the same for every year, kind and type."""

    tables: Mapping[str, tuple[Tier, ...]] = field(default_factory=dict)

    def find(
        self,
        connection: Any,
        pooling_codes: Sequence[str],
        payer_kind: PayerKind,
        insurance_type: InsuranceType,
        year: int,
    ) -> InForce | None:
        code = next((code for code in pooling_codes if code in self.tables), None)
        return InForce(code, Tiers(self.tables[code], pooling_code=code)) if code else None


@dataclass
class FakeKeptEnrolments:
    """What was said last of each person."""

    rows: dict[Person, Enrolment] = field(default_factory=dict)

    def keep(self, tx: Any, person: Person, enrolment: Enrolment, now: dt.datetime) -> None:
        self.rows[person] = replace(enrolment, as_of=now)

    def find(self, tx: Any, person: Person, told_since: dt.datetime) -> Enrolment | None:
        kept = self.rows.get(person)
        return kept if kept is not None and kept.as_of is not None and kept.as_of >= told_since else None

    def drop(self, tx: Any, person: Person) -> None:
        self.rows.pop(person, None)

    def prune(self, tx: Any, told_before: dt.datetime) -> int:
        old = [who for who, kept in self.rows.items() if kept.as_of is not None and kept.as_of < told_before]
        for who in old:
            del self.rows[who]
        return len(old)
