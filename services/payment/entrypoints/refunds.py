"""Refunds, started by staff or by the tax core (3.2.1.12(3))."""

from __future__ import annotations

from typing import Any

from nameko.timer import timer
from prometheus_client import Gauge

from contract import refunds as giving_back
from contract.events import Envelope
from contract.refunds import (
    ListRefunds,
    RefundNamed,
    RefundRequested,
    Refunds,
    RefundView,
    RequestRefund,
    RetryRefund,
)
from contract.staff import Staff
from kit.consumer import consume
from kit.staff import staff_rpc
from services.payment.entrypoints.base import POLL_BATCH, Entrypoints
from services.payment.usecases import desk, refunding

_REFUNDS = Gauge(
    "refunds_not_final", "Refunds whose money is not back yet; failed ones wait for staff", ["state"]
)


class RefundEntrypoints(Entrypoints):
    """Money that goes back."""

    @staff_rpc(giving_back.request_refund)
    def request_refund(self, request: RequestRefund, staff: Staff) -> RefundView:
        return desk.request_refund(request, staff, self.wiring())

    @staff_rpc(giving_back.get_refund)
    def get_refund(self, request: RefundNamed, staff: Staff) -> RefundView:
        return desk.get_refund(request, staff, self.wiring())

    @staff_rpc(giving_back.list_refunds)
    def list_refunds(self, request: ListRefunds, staff: Staff) -> Refunds:
        return desk.list_refunds(request, staff, self.wiring())

    @staff_rpc(giving_back.retry_refund)
    def retry_refund(self, request: RetryRefund, staff: Staff) -> RefundView:
        return desk.retry_refund(request, staff, self.wiring())

    @consume(RefundRequested)
    def take_refund_request(self, tx: Any, data: RefundRequested, envelope: Envelope) -> None:
        refunding.take_request(tx, data, self.wiring())

    @timer(interval=1)
    def look_after_refunds(self) -> None:
        """The same of every refund whose money is not back yet."""
        wiring = self.wiring()
        while due := refunding.claim_due(wiring, POLL_BATCH):
            self.at_once(lambda refund: refunding.look_at(refund, wiring), due)

    @timer(interval=15)
    def measure_refunds(self) -> None:
        with self.database.read() as connection:
            counts = self.refunds.not_final(connection)
        for state in ("requested", "submitted", "unknown", "failed"):
            _REFUNDS.labels(state).set(counts.get(state, 0))
