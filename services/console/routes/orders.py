"""订单查询: by number or by masked fields, with a purpose that is recorded. Asked by form: no name in any address."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.payment_desk import FindOrders, OrderSeen, find_orders
from kit.http import Access, http
from services.console.domain.acts import ORDER_STATES
from services.console.domain.sessions import Session
from services.console.routes.base import Routes


class OrderRoutes(Routes):
    """Orders, for whoever answers for them."""

    @http("GET", "/orders", access=Access.STAFF)
    def show_orders(self, request: Request, session: Session) -> Response:
        self.check_right(session, find_orders)
        return self._orders(request, session, None)

    @http("POST", "/orders", access=Access.STAFF)
    def find_orders(self, request: Request, session: Session) -> Response:
        fields = ("purpose", "number", "name", "document_tail", "phone_tail")
        try:
            asked = FindOrders(*(request.form.get(name, "") for name in fields))
            found = self.ask(session, find_orders, asked).orders
        except ContractError as error:
            return self._orders(request, session, None, error)
        return self._orders(request, session, found)

    def _orders(
        self, request: Request, session: Session, found: tuple[OrderSeen, ...] | None,
        problem: ContractError | None = None,
    ) -> Response:  # fmt: skip
        return self.show(
            "orders.html", request, session, problem, found=found, states=ORDER_STATES,
            number=request.form.get("number", request.args.get("number", "")),
        )  # fmt: skip
