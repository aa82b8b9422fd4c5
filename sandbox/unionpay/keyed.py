"""The older route (protocols section 1): every call and every answer is signed with the communication key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.signatures import BadSignature, communication_key_sign, verify_communication_key
from sandbox.unionpay import calls
from sandbox.unionpay.fields import answer, json_object
from sandbox.unionpay.ledger import Refused
from sandbox.world import Subject, the_world, upstream

blueprint = Blueprint("unionpay_keyed", __name__)

_CALLS: Mapping[str, tuple[str, Callable[[calls.Fields], dict[str, Any]]]] = {
    "WXPay.jsPay": ("unified_order", calls.unified_order),
    "query": ("query", calls.query),
    "close": ("close", calls.close),
    "refund": ("refund", calls.refund),
    "refundQuery": ("refund_query", calls.refund_query),
}


def _content() -> dict[str, Any]:
    return json_object(request.get_data()) if request.method == "POST" else request.args.to_dict()


def _subject() -> Subject:
    try:
        return Subject(scope=f"order:{_content().get('merOrderId')}")
    except Refused:
        return Subject()


def _verified() -> dict[str, Any]:
    """The fields of a well-signed request; raises ``BadSignature`` or ``Refused``."""
    settings, content = the_world().settings, _content()
    verify_communication_key(content, settings.communication_keys)
    if content.get("msgSrc") != settings["UNIONPAY_MSG_SRC"]:
        raise Refused("BAD_REQUEST", "msgSrc 不正确")
    return content


def _signed(fields: dict[str, Any]) -> dict[str, Any]:
    """The answer, signed as the call was."""
    try:
        asked = _content().get("signType")
    except Refused:
        asked = None
    sign_type = "SHA256" if asked == "SHA256" else "MD5"
    named = {**fields, "signType": sign_type}
    key = the_world().settings.communication_keys[0]
    return named | {"sign": communication_key_sign(named, key, sign_type)}


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("refused.html", code="BAD_SIGN", message="验签失败，请返回重试"), 401
    return _signed(answer(the_world().clock.now(), code="BAD_SIGN", message=f"验签失败：{error}")), 401


@blueprint.errorhandler(Refused)
def refused(error: Refused) -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("refused.html", code=error.code, message=error.message), 400
    return _signed(answer(the_world().clock.now(), error.order, error.code, error.message))


@blueprint.get("/netpay-portal/webpay/pay.do")
@upstream("unionpay", "webpay_pay", _subject)
def pay_do() -> ResponseReturnValue:
    """Official-account payment: the phone is sent to the cashier page. Idempotent per merOrderId."""
    order = calls.place(_verified(), "webpay")
    return redirect(url_for("cashier.show", token=order.token), 302)


@blueprint.post("/netpay-route-server/api/")
def api() -> ResponseReturnValue:
    """All other calls, told apart by msgType."""
    name = str(_content().get("msgType"))
    if name not in _CALLS:
        raise Refused("BAD_REQUEST", "msgType 不正确")
    endpoint, call = _CALLS[name]
    return upstream("unionpay", endpoint, _subject)(lambda: _signed(call(_verified())))()
