"""The open platform's endpoints (protocols section 1)."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import signatures
from sandbox.signatures import BadSignature
from sandbox.unionpay import ledger, refunds
from sandbox.unionpay.acts import settings_of
from sandbox.unionpay.fields import answer, check_merchant, fen_amount, order_number, read_order
from sandbox.unionpay.ledger import Order, Refused
from sandbox.world import Subject, the_world, upstream

blueprint = Blueprint("unionpay", __name__, url_prefix="/v1/netpay")


def _content() -> dict[str, Any]:
    """The order fields of the request: the JSON body, or ``content`` of a form-parameter call."""
    raw = request.get_data() if request.method == "POST" else request.args.get("content", "").encode()
    try:
        content = json.loads(raw)
    except ValueError:
        raise Refused("BAD_REQUEST", "报文不是 JSON") from None
    if not isinstance(content, dict):
        raise Refused("BAD_REQUEST", "报文不是 JSON 对象")
    return content


def _subject() -> Subject:
    try:
        return Subject(scope=f"order:{_content().get('merOrderId')}")
    except Refused:
        return Subject()


def _verified() -> dict[str, Any]:
    """The order fields of a well-signed request; raises ``BadSignature`` or ``Refused``."""
    world = the_world()
    app_id, app_key = world.settings["UNIONPAY_APP_ID"], world.settings["UNIONPAY_APP_KEY"]
    skew, now = world.faults.effective()["unionpay"]["timestamp_skew_seconds"], world.clock.now()
    if request.method == "POST":
        header = request.headers.get("Authorization", "")
        signatures.verify_header(header, request.get_data(), app_id, app_key, now, skew)
        return _content()
    given = {name.lower(): value for name, value in request.args.items()}
    if given.get("authorization") != "OPEN-FORM-PARAM":
        raise BadSignature("authorization is not OPEN-FORM-PARAM")
    signatures.verify_fields(given, given.get("content", "").encode(), app_id, app_key, now, skew)
    return _content()


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("refused.html", code="BAD_SIGN", message="验签失败，请返回重试"), 401
    return answer(the_world().clock.now(), code="BAD_SIGN", message=f"验签失败：{error}"), 401


@blueprint.errorhandler(Refused)
def refused(error: Refused) -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("refused.html", code=error.code, message=error.message), 400
    return answer(the_world().clock.now(), error.order, error.code, error.message)


def _place(channel: str) -> Order:
    world = the_world()
    now = world.clock.now()
    return ledger.place(world.store, read_order(_verified(), world.settings, channel, now))


def _found(content: dict[str, Any]) -> Order:
    """The order asked about; raises ``Refused`` NO_ORDER."""
    world = the_world()
    check_merchant(content, world.settings)
    number = order_number(content, "merOrderId", world.settings)
    order = ledger.find(world.store, world.clock.now(), mer_order_id=number)
    if order is None:
        raise Refused("NO_ORDER", "找不到请求的原始订单")
    return order


@blueprint.get("/webpay/pay")
@upstream("unionpay", "webpay_pay", _subject)
def webpay_pay() -> ResponseReturnValue:
    """Official-account payment: the phone is sent to the cashier page. Idempotent per merOrderId."""
    order = _place("webpay")
    return redirect(url_for("cashier.show", token=order.token), 302)


@blueprint.post("/wx/unified-order")
@upstream("unionpay", "unified_order", _subject)
def unified_order() -> ResponseReturnValue:
    """The order a WeChat page pays through the JS bridge; the bridge itself is the cashier page here."""
    order = _place("wx")
    bridge = {"package": f"prepay_id=wx{order.token}", "signType": "RSA", "nonceStr": order.token}
    return answer(the_world().clock.now(), order) | {"jsPayRequest": bridge}


@blueprint.post("/query")
@upstream("unionpay", "query", _subject)
def query() -> ResponseReturnValue:
    world = the_world()
    order = _found(_verified())
    plan = settings_of(world, order.mer_order_id)["unionpay"]
    fields = answer(world.clock.now(), order)
    if world.faults.happens("unionpay.query.unknown", plan["query_unknown_rate"]):
        paid_only = ("payTime", "settleDate", "targetOrderId", "buyerId", "buyerPayAmount", "closeReason")
        fields = {k: v for k, v in fields.items() if k not in paid_only} | {"status": "UNKNOWN"}
    return fields


@blueprint.post("/close")
@upstream("unionpay", "close", _subject)
def close() -> ResponseReturnValue:
    """Close an unpaid order. A paid or closed one: OPERATION_NOT_ALLOWED, with the order's status."""
    world = the_world()
    order = _found(_verified())
    now = world.clock.now()
    closed = ledger.close(world.store, order.mer_order_id, ledger.BY_MERCHANT, now)
    order = ledger.find(world.store, now, mer_order_id=order.mer_order_id) or order
    if not closed:
        raise Refused("OPERATION_NOT_ALLOWED", "订单已支付" if order.paid else "订单已关闭", order)
    return answer(now, order, message="关闭成功")


@blueprint.post("/refund")
@upstream("unionpay", "refund", _subject)
def refund() -> ResponseReturnValue:
    world = the_world()
    content = _verified()
    order = _found(content)
    number = order_number(content, "refundOrderId", world.settings)
    plan = settings_of(world, order.mer_order_id)["unionpay"]
    row = refunds.refund(
        world, order, number, fen_amount(content, "refundAmount"), str(content.get("refundDesc", "")), plan
    )
    return _refund_answer(order.mer_order_id, row)


@blueprint.post("/refund-query")
@upstream("unionpay", "refund_query", _subject)
def refund_query() -> ResponseReturnValue:
    """Asked by refundOrderId, which UnionPay's documents call the merOrderId of the refund; both are read."""
    world = the_world()
    content = _verified()
    check_merchant(content, world.settings)
    name = "refundOrderId" if content.get("refundOrderId") else "merOrderId"
    row = refunds.find(world, order_number(content, name, world.settings))
    if row is None:
        raise Refused("NO_ORDER", "找不到退款订单")
    return _refund_answer(row["mer_order_id"], row)


def _refund_answer(mer_order_id: str, row: Any) -> dict[str, Any]:
    world = the_world()
    order = ledger.find(world.store, world.clock.now(), mer_order_id=mer_order_id)
    return answer(world.clock.now(), order) | {
        "refundOrderId": row["refund_order_id"],
        "refundAmount": row["amount"],
        "refundStatus": row["status"],
        "refundTargetOrderId": row["target_refund_id"],
        "refundDesc": row["description"],
    }
