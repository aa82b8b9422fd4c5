"""社保费查询 and 申报作废 (3.2.1.8, 3.2.1.10)."""

from __future__ import annotations

import datetime as dt

from nameko.timer import timer

from contract import declarations, records
from contract.declarations import DeclarationOfPerson, Declarations, ListDeclarations, Voiding
from contract.records import Contributions, ListContributions, ListPaidRecords, PaidRecords
from kit.limiter import limited
from kit.waiting import Priority
from services.contribution.entrypoints.base import AUDIT, Entrypoints
from services.contribution.storage.voidings import Voidings
from services.contribution.usecases import declarations as voiding
from services.contribution.usecases import records as querying
from services.contribution.usecases.declarations import VoidingDesk

VOIDINGS = Voidings()


class RecordEntrypoints(Entrypoints):
    """What a person has paid and has declared."""

    @property
    def desk(self) -> VoidingDesk:
        return VoidingDesk(
            self.database, AUDIT, self.taxcore, self.peers, self.clock, self.settings.typed_people_per_day, VOIDINGS
        )  # fmt: skip

    @limited(records.list_contributions, Priority.QUERY)
    def list_contributions(self, request: ListContributions) -> Contributions:
        return querying.list_contributions(request, self.desk)

    @limited(records.list_paid_records, Priority.QUERY)
    def list_paid_records(self, request: ListPaidRecords) -> PaidRecords:
        return querying.list_paid_records(request, self.desk)

    @limited(declarations.list_declarations, Priority.QUERY)
    def list_declarations(self, request: ListDeclarations) -> Declarations:
        return voiding.list_declarations(request, self.desk)

    @limited(declarations.void_declaration, Priority.QUERY)
    def void_declaration(self, request: DeclarationOfPerson) -> Voiding:
        return voiding.void_declaration(request, self.desk)

    @limited(declarations.check_voiding, Priority.QUERY)
    def check_voiding(self, request: DeclarationOfPerson) -> Voiding:
        return voiding.check_voiding(request, self.desk)

    @timer(interval=5)
    def look_after_voidings(self) -> None:
        """A void whose answer was lost is asked after until the tax core says what became of it."""
        voiding.look_after_voidings(self.desk)

    @timer(interval=600)
    def forget_old_queries(self) -> None:
        """Who asked about whom is kept for as long as the journal keeps its acts."""
        querying.forget_old(
            self.database, AUDIT, self.clock.now() - dt.timedelta(days=self.settings.audit_kept_days)
        )
