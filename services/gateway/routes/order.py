"""After UnionPay's page: waiting, the result, the reminder of 3.2.1.15(一), paying on, giving up."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.errors import Unavailable
from contract.payment import (
    OrderNotPayable,
    OrderOfPayer,
    OrderState,
    OrderView,
    check_order,
    close_order,
    get_order,
    resume_payment,
)  # fmt: skip
from kit.http import Access, http
from services.gateway.browser import go
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import Routes

LOOKS = 8
"""How often the waiting page looks before it offers to pay on: UnionPay's notify takes seconds. Our own links to
an unpaid order pass more, because who comes from the menu has not just paid."""

_TEMPLATES = {
    OrderState.PLACED: "order_payable.html", OrderState.SUBMITTED: "order_payable.html",
    OrderState.UNKNOWN: "order_waiting.html", OrderState.PAID: "order_paid.html",
    OrderState.FAILED: "order_failed.html", OrderState.CLOSED: "order_failed.html",
    OrderState.REFUNDING: "order_refund.html", OrderState.REFUNDED: "order_refund.html",
}  # fmt: skip
_PAYABLE = {OrderState.PLACED, OrderState.SUBMITTED}
_UNSETTLED = {*_PAYABLE, OrderState.UNKNOWN}


class OrderRoutes(Routes):
    """Every page here can be visited again and shows the present state."""

    @http("GET", "/orders/<order_id>", access=Access.PAYER)
    def show_order(self, request: Request, session: Session, order_id: str) -> Response:
        """Also UnionPay's returnUrl; of what it appends, nothing is read.

        A settled order is only read; an unsettled one is asked after, so that a lost notify is found.
        """
        order = self.rpc.call(get_order, self._named(session, order_id))
        if order.state in _UNSETTLED:
            order = self._look_after(session, order)
        looks = request.args.get("looks", 1, int)
        template = _TEMPLATES[order.state]
        if order.state in _PAYABLE and (looks <= LOOKS or self.clock.now() >= order.expires_at):
            template = "order_waiting.html"
        return self.show(template, request, session, order=order, looks=looks)

    @http("GET", "/orders/<order_id>/reminder", access=Access.PAYER)
    def show_reminder(self, request: Request, session: Session, order_id: str) -> Response:
        order = self.rpc.call(get_order, self._named(session, order_id))
        if order.state is not OrderState.PAID:
            return self._to_order(order_id)
        return self.show("order_reminder.html", request, session, order=order)

    @http("POST", "/orders/<order_id>/payment", access=Access.PAYER)
    def resume_payment(self, request: Request, session: Session, order_id: str) -> Response:
        """继续支付: the same order at UnionPay, which takes its money once."""
        try:
            placed = self.rpc.call(resume_payment, self._named(session, order_id))
        except OrderNotPayable:
            return self._to_order(order_id)
        return self.browser.protect(self.browser.send_away(placed.payment_url))

    @http("POST", "/orders/<order_id>/close", access=Access.PAYER)
    def close_order(self, request: Request, session: Session, order_id: str) -> Response:
        """放弃本次缴费; an order that was paid meanwhile shows so."""
        try:
            self.rpc.call(close_order, self._named(session, order_id))
        except OrderNotPayable:
            return self._to_order(order_id)
        return self._to_order(order_id)

    def _look_after(self, session: Session, order: OrderView) -> OrderView:
        try:
            return self.rpc.call(check_order, self._named(session, order.order_id))
        except Unavailable:
            return order  # the waiting page asks again, and payment asks by itself

    def _named(self, session: Session, order_id: str) -> OrderOfPayer:
        return OrderOfPayer(self.payer(session).person_id, order_id)

    def _to_order(self, order_id: str) -> Response:
        return self.browser.protect(go(f"/orders/{order_id}"))
