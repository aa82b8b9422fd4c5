"""功能首页 (3.2.1.4)."""

from __future__ import annotations

from typing import NamedTuple

from werkzeug.wrappers import Request, Response

from contract.errors import Unavailable
from contract.identity import PersonNotFound
from contract.payment import ListOrders, OrderState, OrderView, list_orders
from contract.rights import Account, get_account
from kit.http import Access, http
from services.gateway.domain.batches import Batch
from services.gateway.domain.drafts import Journey
from services.gateway.domain.sessions import Session
from services.gateway.routes.base import BATCHES, JOURNEYS, Routes

LATEST = 3
UNSETTLED = {OrderState.PLACED, OrderState.SUBMITTED, OrderState.UNKNOWN}


class Unfinished(NamedTuple):
    """A payer's open journey and list, and how many are on it."""

    journey: Journey | None
    batch: Batch | None
    people: int


class MenuRoutes(Routes):
    """What a payer can do, and what was done before."""

    @http("GET", "/menu", access=Access.PAYER)
    def show_menu(self, request: Request, session: Session) -> Response:
        orders, left = self.latest_orders(session), self.unfinished(session)
        shown = orders[:LATEST] if orders is not None else None
        return self.show(
            "menu.html", request, session, orders=shown, more=len(orders or ()) > LATEST, unpaid=self.unpaid(orders),
            journey=left.journey, batch=left.batch, people=left.people, account=self._account(session),
        )  # fmt: skip

    @http("GET", "/orders", access=Access.PAYER)
    def show_orders(self, request: Request, session: Session) -> Response:
        asked = ListOrders(self.payer(session).person_id)
        return self.show("orders.html", request, session, orders=self.rpc.call(list_orders, asked).orders)

    def latest_orders(self, session: Session) -> tuple[OrderView, ...] | None:
        """None while payment does not answer: the menu itself needs nobody."""
        try:
            return tuple(self.rpc.call(list_orders, ListOrders(self.payer(session).person_id)).orders)
        except Unavailable:
            return None

    def unpaid(self, orders: tuple[OrderView, ...] | None) -> OrderView | None:
        """The newest order that is not settled."""
        return next((order for order in orders or () if order.state in UNSETTLED), None)

    def unfinished(self, session: Session) -> Unfinished:
        """What 继续上次缴费 leads to."""
        since = self.clock.now() - self.settings.journey_life
        with self.database.read() as tx:
            journey = JOURNEYS.find_open(tx, self.payer(session).person_id, since)
            batch = BATCHES.find_open(tx, self.payer(session).person_id, since)
            people = BATCHES.progress(tx, batch.batch_id, since).total if batch else 0
        if journey is not None and journey.draft.enrolment is None:
            journey = None  # nothing was chosen yet: it is no more than pressing 自主缴费
        return Unfinished(journey, batch, people)

    def _account(self, session: Session) -> Account | None:
        """None while identity does not answer."""
        try:
            return self.rpc.call(get_account, self.person(session))
        except (Unavailable, PersonNotFound):
            return None
