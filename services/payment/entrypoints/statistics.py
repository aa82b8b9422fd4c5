"""代他人缴费统计 (3.2.1.13), and what other tax systems tell of payments (design.md §4)."""

from __future__ import annotations

from typing import Any

from contract import paid_for_others
from contract.events import Envelope
from contract.paid_for_others import (
    BeginExport,
    EndExport,
    ExportBegun,
    ExportEnded,
    ListPaidForOthers,
    PaidForOthers,
    PaidTotals,
    TotalPaidForOthers,
)
from contract.payment import PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded
from kit.consumer import consume
from kit.rpc import rpc
from services.payment.entrypoints.base import Entrypoints
from services.payment.storage.exports import ExportStorage
from services.payment.storage.paid_for_others import PaidForOthersStorage
from services.payment.usecases import ordering
from services.payment.usecases import paid_for_others as statistics
from services.payment.usecases.paid_for_others import Records


class StatisticsEntrypoints(Entrypoints):
    """What a payer paid for others, ours and elsewhere."""

    paid_rows = PaidForOthersStorage()
    exports = ExportStorage()

    def records(self) -> Records:
        publishers = self.settings.publishers
        return Records(self.database, self.paid_rows, self.exports, publishers, self.clock)

    @rpc(paid_for_others.list_paid_for_others)
    def list_paid_for_others(self, request: ListPaidForOthers) -> PaidForOthers:
        return statistics.list_paid_for_others(request, self.records())

    @rpc(paid_for_others.total_paid_for_others)
    def total_paid_for_others(self, request: TotalPaidForOthers) -> PaidTotals:
        return statistics.total_paid_for_others(request, self.records())

    @rpc(paid_for_others.begin_export)
    def begin_export(self, request: BeginExport) -> ExportBegun:
        return statistics.begin_export(request, self.records())

    @rpc(paid_for_others.end_export)
    def end_export(self, request: EndExport) -> ExportEnded:
        return statistics.end_export(request, self.records())

    @consume(PaymentSucceeded, foreign=True)
    def record_external_success(self, tx: Any, data: PaymentSucceeded, envelope: Envelope) -> None:
        ordering.record_external(tx, data, envelope, self.wiring())

    @consume(PaymentFailed, foreign=True)
    def record_external_failure(self, tx: Any, data: PaymentFailed, envelope: Envelope) -> None:
        ordering.record_external(tx, data, envelope, self.wiring())

    @consume(PaymentRefunded, foreign=True)
    def record_external_refund(self, tx: Any, data: PaymentRefunded, envelope: Envelope) -> None:
        ordering.record_external(tx, data, envelope, self.wiring())
