"""The open platform's endpoints (protocols section 1)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import signatures
from sandbox.signatures import BadSignature
from sandbox.unionpay import calls
from sandbox.unionpay.fields import answer, json_object
from sandbox.unionpay.ledger import Refused
from sandbox.world import Subject, the_world, upstream

blueprint = Blueprint("unionpay", __name__, url_prefix="/v1/netpay")


def _content() -> dict[str, Any]:
    """The order fields of the request: the JSON body, or ``content`` of a form-parameter call."""
    return json_object(
        request.get_data() if request.method == "POST" else request.args.get("content", "").encode()
    )


def _subject() -> Subject:
    try:
        return Subject(scope=f"order:{_content().get('merOrderId')}")
    except Refused:
        return Subject()


def _verified() -> dict[str, Any]:
    """The order fields of a well-signed request; raises ``BadSignature`` or ``Refused``."""
    world = the_world()
    app_id, app_keys = world.settings["UNIONPAY_APP_ID"], world.settings.unionpay_app_keys
    skew, now = world.faults.effective()["unionpay"]["timestamp_skew_seconds"], world.clock.now()
    if request.method == "POST":
        header = request.headers.get("Authorization", "")
        signatures.verify_header(header, request.get_data(), app_id, app_keys, now, skew)
        return _content()
    given = {name.lower(): value for name, value in request.args.items()}
    if given.get("authorization") != "OPEN-FORM-PARAM":
        raise BadSignature("authorization is not OPEN-FORM-PARAM")
    signatures.verify_fields(given, given.get("content", "").encode(), app_id, app_keys, now, skew)
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


@blueprint.get("/webpay/pay")
@upstream("unionpay", "webpay_pay", _subject)
def webpay_pay() -> ResponseReturnValue:
    """Official-account payment: the phone is sent to the cashier page. Idempotent per merOrderId."""
    order = calls.place(_verified(), "webpay")
    return redirect(url_for("cashier.show", token=order.token), 302)


@blueprint.post("/wx/unified-order")
@upstream("unionpay", "unified_order", _subject)
def unified_order() -> ResponseReturnValue:
    return calls.unified_order(_verified())


@blueprint.post("/query")
@upstream("unionpay", "query", _subject)
def query() -> ResponseReturnValue:
    return calls.query(_verified())


@blueprint.post("/close")
@upstream("unionpay", "close", _subject)
def close() -> ResponseReturnValue:
    return calls.close(_verified())


@blueprint.post("/refund")
@upstream("unionpay", "refund", _subject)
def refund() -> ResponseReturnValue:
    return calls.refund(_verified())


@blueprint.post("/refund-query")
@upstream("unionpay", "refund_query", _subject)
def refund_query() -> ResponseReturnValue:
    return calls.refund_query(_verified())
