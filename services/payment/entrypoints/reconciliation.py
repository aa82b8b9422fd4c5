"""Reconciliation: a day's books against UnionPay's file and the tax core's records (design.md §5 rule 7)."""

from __future__ import annotations

from nameko.timer import timer

from contract import payment_desk, reconciliation
from contract.payment_desk import BreakInFull, BreakNamed, ReportFile, ReportReconciliation
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
from contract.staff import Staff
from kit.service import Made
from kit.staff import staff_rpc
from services.payment.adapters.daily import CoreRecords
from services.payment.entrypoints.base import Entrypoints
from services.payment.reconciliation import desk, measures, running
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

    @staff_rpc(reconciliation.run_reconciliation)
    def run_reconciliation(self, request: RunReconciliation, staff: Staff) -> ReconciliationRun:
        return desk.run_reconciliation(request, staff, self.desk())

    @staff_rpc(reconciliation.list_runs)
    def list_runs(self, request: ListRuns, staff: Staff) -> ReconciliationRuns:
        return desk.list_runs(request, staff, self.desk())

    @staff_rpc(reconciliation.list_breaks)
    def list_breaks(self, request: ListBreaks, staff: Staff) -> Breaks:
        return desk.list_breaks(request, staff, self.desk())

    @staff_rpc(reconciliation.assign_break)
    def assign_break(self, request: AssignBreak, staff: Staff) -> BreakView:
        return desk.assign_break(request, staff, self.desk(), self.wiring())

    @staff_rpc(reconciliation.resolve_break)
    def resolve_break(self, request: ResolveBreak, staff: Staff) -> BreakView:
        return desk.resolve_break(request, staff, self.desk(), self.wiring())

    @staff_rpc(reconciliation.close_break)
    def close_break(self, request: CloseBreak, staff: Staff) -> BreakView:
        return desk.close_break(request, staff, self.desk(), self.wiring())

    @staff_rpc(payment_desk.get_break)
    def get_break(self, request: BreakNamed, staff: Staff) -> BreakInFull:
        return desk.get_break(request, staff, self.desk(), self.wiring())

    @staff_rpc(payment_desk.report_reconciliation)
    def report_reconciliation(self, request: ReportReconciliation, staff: Staff) -> ReportFile:
        return desk.report_reconciliation(request, staff, self.desk())

    @timer(interval=15)
    def reconcile(self) -> None:
        """Once a day by itself, what was missed included; on demand within seconds."""
        books = self.desk()
        running.ask_for_days(books)
        if running.anything_due(books):
            self.reconciler.start_reconciling()

    @timer(interval=15)
    def measure_breaks(self) -> None:
        measures.measure(self.desk())
