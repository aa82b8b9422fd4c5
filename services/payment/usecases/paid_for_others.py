"""代他人缴费统计 (requirement 3.2.1.13): page by page, added up, and who downloaded it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.audit import Act, Action, resident
from contract.paid_for_others import (
    LONGEST_PAGE,
    BeginExport,
    EndExport,
    ExportBegun,
    ExportEnded,
    ExportNotFound,
    ListPaidForOthers,
    OperatorNamed,
    PaidForOthers,
    PaidTotals,
    TotalPaidForOthers,
)
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.database import Transactions
from services.payment.domain.positions import Operator, Position
from services.payment.publishers import Publishers


@dataclass(frozen=True)
class Records:
    """What these actions work with; `rows` is a PaidForOthersStorage, `exports` an ExportStorage, or fakes of them."""

    database: Transactions
    rows: Any
    exports: Any
    publishers: Publishers
    clock: Clock
    journal: Acts = JOURNAL


def list_paid_for_others(request: ListPaidForOthers, r: Records) -> PaidForOthers:
    """A page, newest order first. Raises UnreadablePosition."""
    after = Position.parse(request.after) if request.after else None
    limit = max(1, min(request.limit, LONGEST_PAGE))
    with r.database.read() as connection:
        # One more than is shown tells whether there are more.
        found = r.rows.page(connection, _operator(request.operator, r), request.wanted, after, limit + 1)
    more = found[limit - 1].position.text() if len(found) > limit else ""
    return PaidForOthers(tuple(placed.row for placed in found[:limit]), more)


def total_paid_for_others(request: TotalPaidForOthers, r: Records) -> PaidTotals:
    """Added up by place and result."""
    with r.database.read() as connection:
        found = r.rows.totals(connection, _operator(request.operator, r), request.wanted)
    _note(r, Act(resident(request.operator.person_id), Action.STATISTICS_VIEWED))
    return PaidTotals(tuple(found))


def begin_export(request: BeginExport, r: Records) -> ExportBegun:
    """Record a download before its first row leaves; a repeat is one more that never ended."""
    export_id = str(uuid.uuid4())
    with r.database.transaction() as tx:
        r.exports.begin(tx, export_id, request, r.clock.now())
        told = {"format": request.format.value, "stage": "begun"}
        r.journal.add(tx, _export(request.operator.person_id, export_id, told), r.clock.now())
    return ExportBegun(export_id)


def end_export(request: EndExport, r: Records) -> ExportEnded:
    """Record how a download ended; what was recorded first stands. Raises ExportNotFound."""
    with r.database.transaction() as tx:
        found = r.exports.end(tx, request, r.clock.now())
        told = {"rows": request.rows, "stage": "complete" if request.complete else "broken off"}
        if found:
            r.journal.add(tx, _export(request.person_id, request.export_id, told), r.clock.now())
    if not found:
        raise ExportNotFound()
    return ExportEnded(request.export_id)


def _export(person_id: str, export_id: str, told: Mapping[str, str | int]) -> Act:
    return Act(resident(person_id), Action.TABLE_EXPORTED, f"export:{export_id}", detail=told)


def _note(r: Records, act: Act) -> None:
    with r.database.transaction() as tx:
        r.journal.add(tx, act, r.clock.now())


def _operator(named: OperatorNamed, r: Records) -> Operator:
    return Operator(named.person_id, named.person, tuple(r.publishers.keys_of(named.person)))
