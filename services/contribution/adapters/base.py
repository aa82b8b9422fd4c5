"""What contribution asks of the tax–bank subsystem, whoever answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contract.contribution import Enrolment, EnrolmentEntry
from contract.insurance import PayerKind
from contract.people import Person
from services.contribution.domain.cells import SheetRow
from services.contribution.domain.payables import Payable


class TaxBank(Protocol):
    """税银子系统. Every method raises UpstreamUnavailable when there is no usable answer."""

    def find_enrolment(self, person: Person) -> Enrolment | None:
        """参保查询: None when the person is not known; an enrolment may have no entries."""
        ...

    def find_payables(
        self, person: Person, payer_kind: PayerKind, entry: EnrolmentEntry, year: int
    ) -> Sequence[Payable]:
        """城乡居民查询 or 灵活就业查询, by the payer's kind, for one year; empty when there is nothing."""
        ...


class Spreadsheets(Protocol):
    """The files an authority fills in."""

    def read(self, content: bytes) -> Sequence[SheetRow]:
        """The rows of a file, row 1 first. Raises SpreadsheetUnreadable."""
        ...
