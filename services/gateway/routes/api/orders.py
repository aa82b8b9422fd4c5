"""Orders of the payer."""

from __future__ import annotations

from typing import TypeVar

from werkzeug.wrappers import Request

from contract import payment
from contract.errors import InvalidInput, NotFound
from contract.payment import (
    ItemWanted,
    ListOrders,
    OrderOfPayer,
    OrderPlaced,
    Orders,
    OrderView,
    Payer,
    PlaceOrder,
)
from contract.rpc import Method
from kit.http import Access
from services.gateway.api.operations import IDEMPOTENCY_KEY, idempotency_key, operation
from services.gateway.api.payloads import orders as payloads
from services.gateway.domain import drafts
from services.gateway.domain.drafts import Draft
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded, StalePage
from services.gateway.routes.api.journeys import JOURNEY_OF_QUOTE
from services.gateway.routes.base import Routes

Answer = TypeVar("Answer")


class OrdersApi(Routes):
    """Placing, paying, looking after and closing."""

    @operation(
        "POST", "/orders", "下单，返回银联商务支付页地址", access=Access.PAYER, body=payloads.OrderWanted,
        answer=OrderPlaced, status=201,
        errors=(LoginNeeded, InvalidInput, NotFound, StalePage, *payment.place_order.errors),
        headers=IDEMPOTENCY_KEY,
    )  # fmt: skip
    def place_order_by_api(
        self, request: Request, session: Session, body: payloads.OrderWanted
    ) -> OrderPlaced:
        """The hot path: the session's select and this call; for somebody else the journey's select beside them."""
        key = idempotency_key(request)
        payer = self.payer(session)
        phone = payer.phone if body.reminder_phone is None else drafts.reminder_phone(body.reminder_phone)
        operator = Payer(payer.person_id, payer.person.name, phone or "")
        journey_id, _, quote = body.quote.rpartition(JOURNEY_OF_QUOTE)
        item = drafts.item_of(self._quoted(session, journey_id, quote)) if journey_id else ItemWanted(quote)
        return self.rpc.call(payment.place_order, PlaceOrder(operator, (item,), key))

    @operation("GET", "/orders", "最近的缴费", access=Access.PAYER, answer=Orders, errors=(LoginNeeded,))
    def list_orders_by_api(self, request: Request, session: Session, body: None) -> Orders:
        return self.rpc.call(payment.list_orders, ListOrders(self.payer(session).person_id))

    @operation(
        "GET", "/orders/<order_id>", "一笔缴费", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.get_order.errors),
    )  # fmt: skip
    def get_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.get_order, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/payment", "继续支付", access=Access.PAYER, answer=OrderPlaced,
        errors=(LoginNeeded, *payment.resume_payment.errors),
        repeated="还是同一笔订单，银联商务只收一次钱。",
    )  # fmt: skip
    def resume_payment_by_api(
        self, request: Request, session: Session, body: None, order_id: str
    ) -> OrderPlaced:
        return self._order(payment.resume_payment, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/check", "向银联商务确认支付结果", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.check_order.errors),
        repeated="只查询。",
    )  # fmt: skip
    def check_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.check_order, session, order_id)

    @operation(
        "POST", "/orders/<order_id>/close", "放弃缴费", access=Access.PAYER, answer=OrderView,
        errors=(LoginNeeded, *payment.close_order.errors),
        repeated="已经放弃的，答复现在的状态；已经缴成的，答复 order_not_payable。",
    )  # fmt: skip
    def close_order_by_api(self, request: Request, session: Session, body: None, order_id: str) -> OrderView:
        return self._order(payment.close_order, session, order_id)

    def _quoted(self, session: Session, journey_id: str, quote: str) -> Draft:
        """What the journey knows of the insured; whom a client names counts for nothing. Raises StalePage for another
        quote than the journey's."""
        draft = self.journey(session, journey_id).draft
        if draft.quoted is None or draft.quoted.quote != quote:
            raise StalePage("缴费信息已经变化，请重新确认缴费信息。您还没有缴费，没有扣款。")
        return draft

    def _order(self, method: Method[OrderOfPayer, Answer], session: Session, order_id: str) -> Answer:
        return self.rpc.call(method, OrderOfPayer(self.payer(session).person_id, order_id))
