"""The tax–bank subsystem and the authorities' tables as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.contribution import Enrolment, EnrolmentEntry, Tier, UpstreamUnavailable
from contract.insurance import InsuranceType, PayerKind
from contract.people import Person
from services.contribution.domain.payables import Payable


@dataclass
class FakeTaxBank:
    """`payables` are by year; a year that is not there does not answer. `asked` are the questions."""

    enrolment: Enrolment | None = None
    payables: Mapping[int, Sequence[Payable]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def find_enrolment(self, person: Person) -> Enrolment | None:
        self.asked.append((person.name, 0))
        return self.enrolment

    def find_payables(
        self, person: Person, payer_kind: PayerKind, entry: EnrolmentEntry, year: int
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
    ) -> tuple[Tier, ...]:
        return next((self.tables[code] for code in pooling_codes if code in self.tables), ())
