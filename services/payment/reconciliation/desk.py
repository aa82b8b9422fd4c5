"""Reconciliation for staff, held to the pooling level they work for: a break is that of its order."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import replace
from pathlib import Path

from contract.payment_desk import (
    BreakInFull,
    BreakLine,
    BreakNamed,
    ReportFile,
    ReportFormat,
    ReportReconciliation,
)
from contract.reconciliation import (
    AssignBreak,
    BreakNotFound,
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
from contract.staff import Staff, reach_of
from services.payment.reconciliation import handling
from services.payment.reconciliation.report import html_report
from services.payment.reconciliation.running import Desk
from services.payment.reconciliation.spreadsheet import write_spreadsheet
from services.payment.reconciliation.summary import summarise
from services.payment.usecases.desk import check_province, reaches_order
from services.payment.usecases.wiring import Wiring


def run_reconciliation(request: RunReconciliation, staff: Staff, d: Desk) -> ReconciliationRun:
    """A day is reconciled for all places at once. Raises NotOfThisLevel, DayNotOver."""
    check_province(staff)
    return handling.run_reconciliation(replace(request, operator=staff.account), d)


def list_runs(request: ListRuns, staff: Staff, d: Desk) -> ReconciliationRuns:
    """The latest runs. Raises NotOfThisLevel."""
    check_province(staff)
    return handling.list_runs(request, d)


def list_breaks(request: ListBreaks, staff: Staff, d: Desk) -> Breaks:
    """One page of the level's breaks."""
    return handling.list_breaks(request, d, reach_of(staff.pooling_code))


def get_break(request: BreakNamed, staff: Staff, d: Desk, w: Wiring) -> BreakInFull:
    """A break of the level with its history. Raises BreakNotFound."""
    found = _break_within(request.break_id, staff, d, w)
    with d.database.read() as connection:
        lines = d.breaks.history(connection, request.break_id)
    history = tuple(BreakLine(one.at, one.operator, handling.HISTORY[one.what], one.detail) for one in lines)
    return BreakInFull(found, history)


def assign_break(request: AssignBreak, staff: Staff, d: Desk, w: Wiring) -> BreakView:
    """Raises as handling.assign_break."""
    _break_within(request.break_id, staff, d, w)
    return handling.assign_break(replace(request, operator=staff.account), d)


def resolve_break(request: ResolveBreak, staff: Staff, d: Desk, w: Wiring) -> BreakView:
    """Raises as handling.resolve_break."""
    _break_within(request.break_id, staff, d, w)
    return handling.resolve_break(replace(request, operator=staff.account), d, w)


def close_break(request: CloseBreak, staff: Staff, d: Desk, w: Wiring) -> BreakView:
    """Raises as handling.close_break."""
    _break_within(request.break_id, staff, d, w)
    return handling.close_break(replace(request, operator=staff.account), d)


def report_reconciliation(request: ReportReconciliation, staff: Staff, d: Desk) -> ReportFile:
    """The report of a day, which is of all places. Raises NotOfThisLevel."""
    check_province(staff)
    summary = summarise(request.day, d)
    if request.format is ReportFormat.HTML:
        content = html_report(summary).encode()
    else:
        with tempfile.TemporaryDirectory(prefix="report-") as folder:
            path = Path(folder) / "report.xlsx"
            write_spreadsheet(summary, d, path)
            content = path.read_bytes()
    return ReportFile(base64.b64encode(content).decode())


def _break_within(break_id: int, staff: Staff, d: Desk, w: Wiring) -> BreakView:
    found = handling.get_break(break_id, d)
    with w.database.transaction() as tx:
        order = w.orders.lock_by_number(tx, found.order_number)
    if not reaches_order(order, staff):
        raise BreakNotFound()
    return found
