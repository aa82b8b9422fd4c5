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
from kit.consumer import consume
from kit.rpc import rpc
from services.payment.entrypoints.base import POLL_BATCH, Entrypoints
from services.payment.usecases import refunding

_REFUNDS = Gauge(
    "refunds_not_final", "Refunds whose money is not back yet; failed ones wait for staff", ["state"]
)


class RefundEntrypoints(Entrypoints):
    """Money that goes back."""

    @rpc(giving_back.request_refund)
    def request_refund(self, request: RequestRefund) -> RefundView:
        return refunding.request_refund(request, self.wiring())

    @rpc(giving_back.get_refund)
    def get_refund(self, request: RefundNamed) -> RefundView:
        return refunding.get_refund(request, self.wiring())

    @rpc(giving_back.list_refunds)
    def list_refunds(self, request: ListRefunds) -> Refunds:
        return refunding.list_refunds(request, self.wiring())

    @rpc(giving_back.retry_refund)
    def retry_refund(self, request: RetryRefund) -> RefundView:
        return refunding.retry_refund(request, self.wiring())

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
