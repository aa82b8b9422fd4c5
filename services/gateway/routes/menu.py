"""功能首页 (3.2.1.4)."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.errors import Unavailable
from contract.identity import PersonNotFound
from contract.payment import ListOrders, OrderState, OrderView, list_orders
from contract.rights import Account, get_account
from kit.http import Access, http
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import BATCHES, JOURNEYS, Routes

LATEST = 3
UNSETTLED = {OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN}


class MenuRoutes(Routes):
    """What a payer can do, and what was done before."""

    @http("GET", "/menu", access=Access.PAYER)
    def show_menu(self, request: Request, session: Session) -> Response:
        orders = self._orders(session, limit=20)
        unpaid = next((order for order in orders or () if order.state in UNSETTLED), None)
        since = self.clock.now() - self.settings.journey_life
        with self.database.read() as tx:
            journey = JOURNEYS.find_open(tx, self.payer(session).person_id, since)
            batch = BATCHES.find_open(tx, self.payer(session).person_id, since)
            people = BATCHES.progress(tx, batch.batch_id, since).total if batch else 0
        if journey is not None and journey.draft.enrolment is None:
            journey = None  # nothing was chosen yet: it is no more than pressing 自主缴费
        shown = orders[:LATEST] if orders is not None else None
        return self.show(
            "menu.html", request, session, orders=shown, more=len(orders or ()) > LATEST, unpaid=unpaid,
            journey=journey, batch=batch, people=people, account=self._account(session),
        )  # fmt: skip

    @http("GET", "/orders", access=Access.PAYER)
    def show_orders(self, request: Request, session: Session) -> Response:
        asked = ListOrders(self.payer(session).person_id)
        return self.show("orders.html", request, session, orders=self.rpc.call(list_orders, asked).orders)

    def _orders(self, session: Session, limit: int) -> tuple[OrderView, ...] | None:
        """None while payment does not answer: the menu itself needs nobody."""
        try:
            return tuple(self.rpc.call(list_orders, ListOrders(self.payer(session).person_id, limit)).orders)
        except Unavailable:
            return None

    def _account(self, session: Session) -> Account | None:
        """None while identity does not answer."""
        try:
            return self.rpc.call(get_account, self.person(session))
        except (Unavailable, PersonNotFound):
            return None
