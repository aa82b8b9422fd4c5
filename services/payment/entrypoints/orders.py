"""Orders: placed, paid, looked after, closed; and UnionPay's notifies (3.2.1.5, 3.2.1.6)."""

from __future__ import annotations

import logging
from typing import Any

from nameko.timer import timer
from prometheus_client import Counter, Gauge
from werkzeug.wrappers import Request, Response

from contract import paid, payment
from contract.intrusion import NotifyForged
from contract.paid import FindLiveOrder, ListPaid, LiveOrder, PaidContributions
from contract.payment import ListOrders, OrderOfPayer, OrderPlaced, Orders, OrderView, PlaceOrder
from kit.database import present
from kit.gathering import Gathering
from kit.http import Access, http
from kit.rpc import rpc
from kit.service import Made
from services.payment.adapters.base import ForgedNotify
from services.payment.entrypoints.base import POLL_BATCH, Entrypoints
from services.payment.usecases import acts, notifies, ordering

_NOTIFIES = Counter("unionpay_notifies", "Notifies by outcome", ["outcome"])
_WAITING = Gauge("orders_not_final", "Orders UnionPay's final word is still to come for", ["state"])
_OLDEST = Gauge("orders_oldest_seconds", "Age of the oldest order in a state that is not final", ["state"])

_MOST_SETTLED = 25
"""Notifies that share a transaction: it holds the locks of their orders."""

_log = logging.getLogger(__name__)


class OrderEntrypoints(Entrypoints):
    """What a payer pays for, and what became of it."""

    settling: Any = Made(
        lambda settings: Gathering(notifies.settle, most=_MOST_SETTLED, lanes=2, apart=present)
    )

    @rpc(payment.place_order)
    def place_order(self, request: PlaceOrder) -> OrderPlaced:
        return ordering.place_order(request, self.wiring())

    @rpc(payment.get_order)
    def get_order(self, request: OrderOfPayer) -> OrderView:
        return ordering.get_order(request, self.wiring())

    @rpc(payment.list_orders)
    def list_orders(self, request: ListOrders) -> Orders:
        return ordering.list_orders(request, self.wiring())

    @rpc(paid.list_paid)
    def list_paid(self, request: ListPaid) -> PaidContributions:
        return ordering.list_paid(request, self.wiring())

    @rpc(paid.find_live_order)
    def find_live_order(self, request: FindLiveOrder) -> LiveOrder:
        return ordering.find_live_order(request, self.wiring())

    @rpc(payment.resume_payment)
    def resume_payment(self, request: OrderOfPayer) -> OrderPlaced:
        return ordering.resume_payment(request, self.wiring())

    @rpc(payment.check_order)
    def check_order(self, request: OrderOfPayer) -> OrderView:
        return ordering.check_order(request, self.wiring())

    @rpc(payment.close_order)
    def close_order(self, request: OrderOfPayer) -> OrderView:
        return ordering.close_order(request, self.wiring())

    @http("GET,POST", "/notify/unionpay", access=Access.SIGNED)
    def receive_notify(self, request: Request, caller: None) -> Response:
        fields = (request.form if request.method == "POST" else request.args).to_dict()
        try:
            notifies.receive_notify(fields, self.wiring(), self.settling)
        except ForgedNotify:
            _NOTIFIES.labels("forged").inc()
            _log.error("forged notify refused", extra={"from": request.remote_addr})
            with self.database.transaction() as tx:
                self.journal.add(tx, acts.forged(request.remote_addr or ""), self.clock.now())
            self._tell_of_forger(request.remote_addr or "")
            return Response("FAILED", status=400)
        _NOTIFIES.labels("accepted").inc()
        return Response("SUCCESS")

    def _tell_of_forger(self, address: str) -> None:
        now = self.clock.now()
        if burst := self.forgers.saw(address, now):
            with self.database.transaction() as tx:
                self.outbox.add(tx, NotifyForged(*burst), burst.source, now)

    @timer(interval=1)
    def look_after_orders(self) -> None:
        """Nothing waits for ever: every order that is not final has a time at which it is looked at."""
        wiring = self.wiring()
        notifies.process_kept_notifies(wiring, POLL_BATCH)
        while due := ordering.claim_due(wiring, POLL_BATCH):
            self.at_once(lambda order: ordering.look_at(order, wiring), due)

    @timer(interval=15)
    def measure_orders(self) -> None:
        with self.database.read() as connection:
            found = self.orders.not_final(connection)
        now = self.clock.now()
        for state in ("placed", "submitted", "unknown", "refunding"):
            waiting = found.get(state)
            _WAITING.labels(state).set(waiting.number if waiting else 0)
            _OLDEST.labels(state).set((now - waiting.oldest).total_seconds() if waiting else 0)
