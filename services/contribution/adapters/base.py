"""What contribution asks of the tax–bank subsystem and of the tax core, whoever answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.contribution import Enrolment, EnrolmentEntry
from contract.insurance import PayerKind
from contract.people import Person
from services.contribution.domain.agreements import Agreement, Question, Report
from services.contribution.domain.cells import SheetRow
from services.contribution.domain.payables import Payable
from services.contribution.domain.records import CoreRecord


class TaxBank(Protocol):
    """税银子系统. Every method raises UpstreamUnavailable when there is no usable answer."""

    def find_enrolment(self, person: Person) -> Enrolment | None:
        """参保查询: None when the person is not known; an enrolment may have no entries."""
        ...

    def find_payables(
        self, person: Person, payer_kind: PayerKind, entry: EnrolmentEntry, year: int | None
    ) -> Sequence[Payable]:
        """城乡居民查询 or 灵活就业查询, by the payer's kind, for one year, or for all years of 补缴 where that is None;
        empty when there is nothing."""
        ...


class ContributionRecords(Protocol):
    """社保征收子系统: what it has of a person. Raises UpstreamUnavailable when there is no usable answer."""

    def list_records(self, person: Person, period_from: str, period_to: str) -> Sequence[CoreRecord]:
        """自然人社保缴费清单查询 for 所属期 yyyyMM to yyyyMM, declared and voided ones too; empty when the core does
        not know the person, or number and name do not belong together."""
        ...


class Declarations(Protocol):
    """社保征收子系统: taking a declaration back. UpstreamUnavailable says that nobody knows whether it was done."""

    def void(self, person: Person, record_id: str, reason: str) -> None:
        """申报作废, done now or before. Raises DeclarationNotFound, DeclarationPaid, VoidRefused."""
        ...


class AgreementDesk(Protocol):
    """社保征收子系统: tripartite agreements, and the banks behind it."""

    def ask(self, agreement: Agreement, question: Question) -> Report:
        """签订, 验证, 解除 or 查询 of one agreement. UpstreamUnavailable says that nobody knows whether it was done."""
        ...


@dataclass(frozen=True)
class TaxCore:
    """社保征收子系统 by subject. All of it goes through one ESB and its breaker."""

    records: ContributionRecords
    declarations: Declarations
    agreements: AgreementDesk


class Spreadsheets(Protocol):
    """The files an authority fills in."""

    def read(self, content: bytes) -> Sequence[SheetRow]:
        """The rows of a file, row 1 first. Raises SpreadsheetUnreadable."""
        ...
