"""What UnionPay does when it is called, the same on both routes: the fields are verified, the answer is unsigned.

Each raises ``Refused``, whose errCode is the answer then.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.unionpay import ledger, postings, refunds
from sandbox.unionpay.acts import settings_of
from sandbox.unionpay.fields import answer, check_merchant, fen_amount, order_number, read_order
from sandbox.unionpay.ledger import Order, Refused
from sandbox.world import the_world

Fields = Mapping[str, Any]
_PAID_ONLY = ("payTime", "settleDate", "targetOrderId", "buyerId", "buyerPayAmount", "closeReason")


def place(content: Fields, channel: str) -> Order:
    """The order, recorded; the same merOrderId again is the same order."""
    world = the_world()
    now = world.clock.now()
    return ledger.place(world.store, read_order(content, world.settings, channel, now))


def unified_order(content: Fields) -> dict[str, Any]:
    """The order a mini program or a page inside WeChat pays; WeChat itself is the cashier page here."""
    if content.get("tradeType") != "JSAPI" or not content.get("subAppId") or not content.get("subOpenId"):
        raise Refused("BAD_REQUEST", "tradeType 应为 JSAPI，subAppId、subOpenId 必填")
    order, now = place(content, "wx"), the_world().clock.now()
    name = "miniPayRequest" if order.inst_mid == "MINIDEFAULT" else "jsPayRequest"
    parameters = {
        "appId": str(content["subAppId"]),
        "timeStamp": str(int(now)),
        "nonceStr": secrets.token_hex(16),
        "package": f"prepay_id=wx{order.token}",
        "signType": "RSA",
        "paySign": secrets.token_urlsafe(64),
    }
    return answer(now, order) | ({name: parameters} if order.open else {})


def query(content: Fields) -> dict[str, Any]:
    world, order = the_world(), _found(content)
    plan = settings_of(world, order.mer_order_id)["unionpay"]
    fields = answer(world.clock.now(), order)
    if world.faults.happens("unionpay.query.unknown", plan["query_unknown_rate"]):
        fields = {k: v for k, v in fields.items() if k not in _PAID_ONLY} | {"status": "UNKNOWN"}
    return fields


def close(content: Fields) -> dict[str, Any]:
    """Close an unpaid order. A paid or closed one: OPERATION_NOT_ALLOWED, with the order's status."""
    world, order = the_world(), _found(content)
    now = world.clock.now()
    closed = ledger.close(world.store, order.mer_order_id, ledger.BY_MERCHANT, now)
    order = ledger.find(world.store, now, mer_order_id=order.mer_order_id) or order
    if not closed:
        raise Refused("OPERATION_NOT_ALLOWED", "订单已支付" if order.paid else "订单已关闭", order)
    return answer(now, order, message="关闭成功")


def refund(content: Fields) -> dict[str, Any]:
    world, order = the_world(), _found(content)
    number = order_number(content, "refundOrderId", world.settings)
    if not isinstance(content.get("refundAmount"), str):
        raise Refused("BAD_REQUEST", "refundAmount 应为字符串")
    if content.get("targetOrderId") not in (None, "", order.target_order_id):
        raise Refused("OPERATION_NOT_ALLOWED", "没有这笔支付", order)
    plan, text = settings_of(world, order.mer_order_id)["unionpay"], content.get("attachedData")
    try:
        lines = postings.read(str(text)) if text else []
    except ValueError:
        raise Refused("BAD_REQUEST", "attachedData 不是缴费明细") from None
    wanted = refunds.Wanted(
        number, fen_amount(content, "refundAmount"), str(content.get("refundDesc", "")), lines
    )
    return _refund_answer(order, refunds.refund(world, order, wanted, plan))


def refund_query(content: Fields) -> dict[str, Any]:
    """Asked by merOrderId and refundOrderId, or by what UnionPay's documents call the merOrderId of the refund: its
    refundOrderId alone."""
    world = the_world()
    check_merchant(content, world.settings)
    name = "refundOrderId" if content.get("refundOrderId") else "merOrderId"
    row = refunds.find(world, order_number(content, name, world.settings))
    asked = content.get("merOrderId") if name == "refundOrderId" else None
    if row is None or asked not in (None, "", row["mer_order_id"]):
        raise Refused("NO_ORDER", "找不到退款订单")
    return _refund_answer(_found({**content, "merOrderId": row["mer_order_id"]}), row)


def _found(content: Fields) -> Order:
    """The order asked about, by the merchant that placed it; raises ``Refused`` NO_ORDER."""
    world = the_world()
    check_merchant(content, world.settings)
    number = order_number(content, "merOrderId", world.settings)
    order = ledger.find(world.store, world.clock.now(), mer_order_id=number)
    asking = (content["mid"], content["tid"], content["instMid"])
    if order is None or (order.mid, order.tid, order.inst_mid) != asking:
        raise Refused("NO_ORDER", "找不到请求的原始订单")
    return order


def _refund_answer(order: Order, row: Any) -> dict[str, Any]:
    world = the_world()
    now = world.clock.now()
    order = ledger.find(world.store, now, mer_order_id=order.mer_order_id) or order
    return answer(now, order) | {
        "refundOrderId": row["refund_order_id"],
        "refundAmount": row["amount"],
        "refundStatus": row["status"],
        "refundTargetOrderId": row["target_refund_id"],
        "refundDesc": row["description"],
    }
