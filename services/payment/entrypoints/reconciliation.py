"""Reconciliation: a day's books against UnionPay's file and the tax core's records (design.md §5 rule 7)."""

from __future__ import annotations

from nameko.timer import timer

from contract import reconciliation
from contract.reconciliation import (
    AssignBreak,
    Breaks,
    BreakView,
    CloseBreak,
    ListBreaks,
    ListRuns,
    ReconciliationRun,
    ReconciliationRuns,
    ResolveBreak,
    RunReconciliation,
)
from kit.rpc import rpc
from kit.service import Made
from services.payment.adapters.daily import CoreRecords
from services.payment.entrypoints.base import Entrypoints
from services.payment.reconciliation import handling, measures, running
from services.payment.reconciliation.process import ReconcilerProcess
from services.payment.reconciliation.running import Desk
from services.payment.storage.books import Books
from services.payment.storage.breaks import BreakStorage
from services.payment.storage.runs import RunStorage


class ReconciliationEntrypoints(Entrypoints):
    """What differs, and what staff do about it."""

    core = Made(CoreRecords)
    books, runs, breaks = Books(), RunStorage(), BreakStorage()
    reconciler = ReconcilerProcess()

    def desk(self) -> Desk:
        return Desk(
            self.database, self.books, self.runs, self.breaks, self.unionpay, self.core, self.clock, self.settings
        )  # fmt: skip

    @rpc(reconciliation.run_reconciliation)
    def run_reconciliation(self, request: RunReconciliation) -> ReconciliationRun:
        return handling.run_reconciliation(request, self.desk())

    @rpc(reconciliation.list_runs)
    def list_runs(self, request: ListRuns) -> ReconciliationRuns:
        return handling.list_runs(request, self.desk())

    @rpc(reconciliation.list_breaks)
    def list_breaks(self, request: ListBreaks) -> Breaks:
        return handling.list_breaks(request, self.desk())

    @rpc(reconciliation.assign_break)
    def assign_break(self, request: AssignBreak) -> BreakView:
        return handling.assign_break(request, self.desk())

    @rpc(reconciliation.resolve_break)
    def resolve_break(self, request: ResolveBreak) -> BreakView:
        return handling.resolve_break(request, self.desk(), self.wiring())

    @rpc(reconciliation.close_break)
    def close_break(self, request: CloseBreak) -> BreakView:
        return handling.close_break(request, self.desk())

    @timer(interval=15)
    def reconcile(self) -> None:
        """Once a day by itself, what was missed included; on demand within seconds."""
        desk = self.desk()
        running.ask_for_days(desk)
        if running.anything_due(desk):
            self.reconciler.start_reconciling()

    @timer(interval=15)
    def measure_breaks(self) -> None:
        measures.measure(self.desk())
