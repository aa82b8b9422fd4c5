"""What payment journals (security.md 12): who moved which money. Ids and amounts, nobody's name."""

from __future__ import annotations

from contract.audit import Act, Action, resident, staff, system
from contract.payment import OrderNotFound, OrderOfPayer, OrderState
from contract.refunds import RefundOrigin, RefundState
from services.payment.domain.orders import Order
from services.payment.domain.refunds import Refund

US = system("payment")
"""Whoever acts when nobody asked."""
_ACTORS = {
    RefundOrigin.STAFF: staff("{}"), RefundOrigin.TAX_CORE: system("taxcore:{}"), RefundOrigin.CASE: US,
}  # fmt: skip
Told = dict[str, str | int]


def placed(order: Order) -> Act:
    """An order was placed."""
    told: Told = {"amount": order.amount, "items": len(order.items), "channel": order.channel.value}
    return Act(resident(order.payer_id), Action.ORDER_PLACED, of_order(order.order_id), detail=told)


def moved(order: Order, to: OrderState, why: str, by: str) -> Act:
    """An order changed its state."""
    action = Action.ORDER_CLOSED if to is OrderState.CLOSED else Action.ORDER_MOVED
    told: Told = {"from": order.state.value, "to": to.value, "trigger": why, "amount": order.amount}
    return Act(by, action, of_order(order.order_id), detail=told)


def foreign(request: OrderOfPayer) -> Act:
    """Somebody named an order that is another's (security.md 4)."""
    return Act(
        resident(request.payer_id), Action.FOREIGN_ASKED, of_order(request.order_id), OrderNotFound.code
    )


def forged(address: str) -> Act:
    """Somebody who is not UnionPay told of a payment (security.md 7)."""
    return Act("visitor:", Action.NOTIFY_FORGED, result="refused", origin=address)


def refund_wanted(refund: Refund) -> Act:
    """Money is to go back."""
    told: Told = {"refund": refund.refund_id, "amount": refund.amount, "origin": refund.origin.value}
    target = of_order(refund.order_id)
    return Act(_actor(refund), Action.REFUND_WANTED, target, purpose=refund.reason, detail=told)


def refund_retried(refund: Refund, operator_id: str) -> Act:
    """Staff try a failed refund again."""
    return Act(
        staff(operator_id), Action.REFUND_RETRIED, of_order(refund.order_id), detail=_of_refund(refund)
    )


def refund_moved(refund: Refund, to: RefundState) -> Act:
    """A refund changed its state."""
    told = _of_refund(refund) | {"from": refund.state.value, "to": to.value}
    return Act(US, Action.REFUND_MOVED, of_order(refund.order_id), detail=told)


def of_order(order_id: str) -> str:
    """An order as the journal names it."""
    return f"order:{order_id}"


def _of_refund(refund: Refund) -> Told:
    return {"refund": refund.refund_id, "amount": refund.amount}


def _actor(refund: Refund) -> str:
    return _ACTORS[refund.origin].format(refund.operator_id)
