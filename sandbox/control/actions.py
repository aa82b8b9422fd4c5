"""What can be done to one order from outside, by name; shared by the API and the page."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.unionpay import acts, ledger, notice
from sandbox.unionpay.ledger import Order
from sandbox.world import World


class Impossible(Exception):
    """The order is not in a state that allows the action; the message is Chinese."""


def _pay(world: World, order: Order) -> None:
    if acts.pay(world, order) is None:
        raise Impossible("这笔订单不能支付：已支付、已关闭、已过期，或设置为支付失败")


def _pay_late(world: World, order: Order) -> None:
    if acts.pay(world, order, late=True) is None:
        raise Impossible("这笔订单已经支付过")


def _cancel(world: World, order: Order) -> None:
    if not ledger.close(world.store, order.mer_order_id, ledger.BY_BUYER, world.clock.now()):
        raise Impossible("只有未支付的订单可以取消")


def _decline(world: World, order: Order) -> None:
    if not ledger.close(world.store, order.mer_order_id, ledger.DECLINED, world.clock.now()):
        raise Impossible("只有未支付的订单可以支付失败")


def _expire(world: World, order: Order) -> None:
    if not acts.expire(world, order):
        raise Impossible("只有未支付的订单可以过期")


def _notify_now(world: World, order: Order) -> None:
    if not order.paid:
        raise Impossible("未支付的订单没有支付通知")
    acts.notify_now(world, order)


def _forge_signature(world: World, order: Order) -> None:
    acts.forge_notify(world, order, notice.FORGED_SIGNATURE)


def _forge_amount(world: World, order: Order) -> None:
    acts.forge_notify(world, order, notice.FORGED_AMOUNT)


ACTIONS: dict[str, Callable[[World, Order], None]] = {
    "pay": _pay,
    "pay-late": _pay_late,
    "cancel": _cancel,
    "decline": _decline,
    "expire": _expire,
    "notify-now": _notify_now,
    "forge-notify": _forge_signature,
    "forge-amount": _forge_amount,
}
LABELS = {
    "pay": "支付",
    "pay-late": "关闭后仍扣款",
    "cancel": "用户取消",
    "decline": "支付失败",
    "expire": "立即过期",
    "notify-now": "再发一次通知",
    "forge-notify": "伪造通知（签名错）",
    "forge-amount": "伪造通知（改金额）",
}
CLOSE_REASONS = {
    ledger.EXPIRED: "超时未支付",
    ledger.BY_MERCHANT: "商户关闭",
    ledger.BY_BUYER: "用户取消",
    ledger.DECLINED: "银行拒绝",
}
STATUSES = {
    ledger.NEW: "新订单",
    ledger.WAITING: "待支付",
    ledger.SUCCESS: "支付成功",
    ledger.CLOSED: "已关闭",
    ledger.REFUNDED: "有退款",
}
NOTIFY_KINDS = {
    notice.GENUINE: "真实通知",
    notice.DUPLICATE: "重复通知",
    notice.FORGED_SIGNATURE: "伪造（签名错）",
    notice.FORGED_AMOUNT: "伪造（改金额）",
}
NOTIFY_STATES = {
    notice.PENDING: "待发送",
    notice.DELIVERED: "已送达",
    notice.GIVEN_UP: "已放弃",
    notice.LOST: "故意丢失",
}


def actions_for(order: Order) -> list[str]:
    """The actions that make sense for the order as it stands."""
    if order.open:
        return ["pay", "cancel", "decline", "expire", "forge-notify", "forge-amount"]
    return ["notify-now", "forge-notify", "forge-amount"] if order.paid else ["pay-late", "forge-notify"]
