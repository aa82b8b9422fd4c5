"""Entrypoints of the payment service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
from nameko.timer import timer
from prometheus_client import Counter, Gauge
from werkzeug.wrappers import Request, Response

from contract import paid, paid_for_others, payment
from contract import refunds as giving_back
from contract.events import Envelope
from contract.paid import FindLiveOrder, ListPaid, LiveOrder, PaidContributions
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
from contract.payment import (
    ListOrders,
    OrderOfPayer,
    OrderPlaced,
    Orders,
    OrderView,
    PaymentFailed,
    PaymentSucceeded,
    PlaceOrder,
)
from contract.refunds import (
    ListRefunds,
    PaymentRefunded,
    RefundNamed,
    RefundRequested,
    Refunds,
    RefundView,
    RequestRefund,
    RetryRefund,
)
from kit import telemetry
from kit.consumer import consume
from kit.crypto import KeyRing
from kit.http import Access, http
from kit.relay import Relay
from kit.rpc import rpc
from kit.service import Made, Service
from services.payment import notifies, refunding, usecases
from services.payment import paid_for_others as statistics
from services.payment.adapters.base import ForgedNotify
from services.payment.adapters.unionpay import connect
from services.payment.paid_for_others import Records
from services.payment.storage.exports import ExportStorage
from services.payment.storage.external import ExternalStorage
from services.payment.storage.orders import OrderStorage
from services.payment.storage.paid_for_others import PaidForOthersStorage
from services.payment.storage.refunds import RefundStorage

_POLL_BATCH = 40
_ASKED_AT_ONCE = 10
_NOTIFIES = Counter("unionpay_notifies", "Notifies by outcome", ["outcome"])
_WAITING = Gauge("orders_not_final", "Orders UnionPay's final word is still to come for", ["state"])

_REFUNDS = Gauge(
    "refunds_not_final", "Refunds whose money is not back yet; failed ones wait for staff", ["state"]
)

_log = logging.getLogger(__name__)


class PaymentService(Service):
    """Places orders, hears UnionPay, asks UnionPay, gives money back, announces what became of it."""

    name = "payment"

    outbox = Relay()
    unionpay = Made(connect)
    seal = Made(lambda config: KeyRing.parse(config.quote_keys))
    orders = OrderStorage()
    refunds = RefundStorage()
    external = ExternalStorage()
    paid_rows = PaidForOthersStorage()
    exports = ExportStorage()

    @rpc(payment.place_order)
    def place_order(self, request: PlaceOrder) -> OrderPlaced:
        return usecases.place_order(request, self._wiring())

    @rpc(payment.get_order)
    def get_order(self, request: OrderOfPayer) -> OrderView:
        return usecases.get_order(request, self._wiring())

    @rpc(payment.list_orders)
    def list_orders(self, request: ListOrders) -> Orders:
        return usecases.list_orders(request, self._wiring())

    @rpc(paid.list_paid)
    def list_paid(self, request: ListPaid) -> PaidContributions:
        return usecases.list_paid(request, self._wiring())

    @rpc(paid.find_live_order)
    def find_live_order(self, request: FindLiveOrder) -> LiveOrder:
        return usecases.find_live_order(request, self._wiring())

    @rpc(payment.resume_payment)
    def resume_payment(self, request: OrderOfPayer) -> OrderPlaced:
        return usecases.resume_payment(request, self._wiring())

    @rpc(payment.check_order)
    def check_order(self, request: OrderOfPayer) -> OrderView:
        return usecases.check_order(request, self._wiring())

    @rpc(payment.close_order)
    def close_order(self, request: OrderOfPayer) -> OrderView:
        return usecases.close_order(request, self._wiring())

    @rpc(giving_back.request_refund)
    def request_refund(self, request: RequestRefund) -> RefundView:
        return refunding.request_refund(request, self._wiring())

    @rpc(giving_back.get_refund)
    def get_refund(self, request: RefundNamed) -> RefundView:
        return refunding.get_refund(request, self._wiring())

    @rpc(giving_back.list_refunds)
    def list_refunds(self, request: ListRefunds) -> Refunds:
        return refunding.list_refunds(request, self._wiring())

    @rpc(giving_back.retry_refund)
    def retry_refund(self, request: RetryRefund) -> RefundView:
        return refunding.retry_refund(request, self._wiring())

    @consume(RefundRequested)
    def take_refund_request(self, tx: Any, data: RefundRequested, envelope: Envelope) -> None:
        refunding.take_request(tx, data, self._wiring())

    @rpc(paid_for_others.list_paid_for_others)
    def list_paid_for_others(self, request: ListPaidForOthers) -> PaidForOthers:
        return statistics.list_paid_for_others(request, self._records())

    @rpc(paid_for_others.total_paid_for_others)
    def total_paid_for_others(self, request: TotalPaidForOthers) -> PaidTotals:
        return statistics.total_paid_for_others(request, self._records())

    @rpc(paid_for_others.begin_export)
    def begin_export(self, request: BeginExport) -> ExportBegun:
        return statistics.begin_export(request, self._records())

    @rpc(paid_for_others.end_export)
    def end_export(self, request: EndExport) -> ExportEnded:
        return statistics.end_export(request, self._records())

    @consume(PaymentSucceeded, foreign=True)
    def record_external_success(self, tx: Any, data: PaymentSucceeded, envelope: Envelope) -> None:
        usecases.record_external(tx, data, envelope, self._wiring())

    @consume(PaymentFailed, foreign=True)
    def record_external_failure(self, tx: Any, data: PaymentFailed, envelope: Envelope) -> None:
        usecases.record_external(tx, data, envelope, self._wiring())

    @consume(PaymentRefunded, foreign=True)
    def record_external_refund(self, tx: Any, data: PaymentRefunded, envelope: Envelope) -> None:
        usecases.record_external(tx, data, envelope, self._wiring())

    @http("GET,POST", "/notify/unionpay", access=Access.SIGNED)
    def receive_notify(self, request: Request, caller: None) -> Response:
        fields = (request.form if request.method == "POST" else request.args).to_dict()
        try:
            notifies.receive_notify(fields, self._wiring())
        except ForgedNotify:
            _NOTIFIES.labels("forged").inc()
            _log.error("forged notify refused", extra={"from": request.remote_addr})
            return Response("FAILED", status=400)
        _NOTIFIES.labels("accepted").inc()
        return Response("SUCCESS")

    @timer(interval=1)
    def look_after_orders(self) -> None:
        """Nothing waits for ever: every order that is not final has a time at which it is looked at."""
        wiring = self._wiring()
        notifies.process_kept_notifies(wiring, _POLL_BATCH)
        while due := usecases.claim_due(wiring, _POLL_BATCH):
            self._at_once(lambda order: usecases.look_at(order, wiring), due)

    @timer(interval=1)
    def look_after_refunds(self) -> None:
        """The same of every refund whose money is not back yet."""
        wiring = self._wiring()
        while due := refunding.claim_due(wiring, _POLL_BATCH):
            self._at_once(lambda refund: refunding.look_at(refund, wiring), due)

    @timer(interval=15)
    def measure(self) -> None:
        with self.database.read() as connection:
            counts = self.orders.not_final(connection)
            refunds = self.refunds.not_final(connection)
        for state in ("placed", "submitted", "unknown", "refunding"):
            _WAITING.labels(state).set(counts.get(state, 0))
        for state in ("requested", "submitted", "unknown", "failed"):
            _REFUNDS.labels(state).set(refunds.get(state, 0))

    def _at_once(self, look_at: Callable[[Any], None], due: Iterable[Any]) -> None:
        """Look at orders or refunds at the same time, each on its own."""

        def look(one: Any) -> None:
            telemetry.correlate(
                None
            )  # a greenlet of the pool: what it logs and publishes needs an id of its own
            try:
                look_at(one)
            except Exception:
                # The lease ends by itself, and it is looked at again; the others must not wait for it.
                _log.exception("an order could not be looked at", extra={"order_id": one.order_id})

        pool = eventlet.GreenPool(_ASKED_AT_ONCE)
        for _ in pool.imap(look, due):
            pass

    def _wiring(self) -> usecases.Wiring:
        return usecases.Wiring(
            self.database, self.orders, self.refunds, self.external, self.unionpay, self.outbox, self.seal, self.clock,
            self.settings,
        )  # fmt: skip

    def _records(self) -> Records:
        publishers = self.settings.publishers
        return Records(self.database, self.paid_rows, self.exports, publishers, self.clock)
