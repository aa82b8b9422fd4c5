"""A bureau's own SMS gateway: whole texts by JSON, under an HMAC of the body [A]."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import sms_handset
from sandbox.sms_handset import PHONE
from sandbox.world import the_world, upstream

blueprint = Blueprint("sms_gateway", __name__, url_prefix="/gateway/sms")

NAME = "gateway"


def _verified() -> dict[str, Any] | None:
    settings, raw = the_world().settings, request.get_data()
    digest = hmac.new(settings["SMS_GATEWAY_KEY"].encode(), raw, hashlib.sha256).hexdigest()
    known = request.headers.get("X-User") == settings["SMS_GATEWAY_USER"]
    if not known or not hmac.compare_digest(digest, request.headers.get("X-Digest", "")):
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


@blueprint.post("/send")
@upstream("smsgateway", "send")
def send() -> ResponseReturnValue:
    body = _verified()
    if body is None:
        return {"code": "32", "message": "not allowed"}
    number, text = PHONE.fullmatch(str(body.get("mobile"))), str(body.get("content") or "")
    if number is None:
        return {"code": "11", "message": "not a phone number"}
    if not text.startswith(f"【{the_world().settings['SMS_SIGN_NAME']}】"):
        return {"code": "12", "message": "the text has no signature"}
    serial, count = sms_handset.take(NAME, number[1], "", text, str(body.get("msgid") or ""))
    return {"code": "0", "taskid": serial, "segments": count}


@blueprint.post("/query")
@upstream("smsgateway", "query")
def query() -> ResponseReturnValue:
    body = _verified()
    if body is None:
        return {"code": "32", "message": "not allowed"}
    found = sms_handset.reports(the_world(), NAME, "m.session_context = ?", (str(body.get("msgid")),))
    if not found:
        return {"code": "0"}
    row = found[0]
    status = ("UNDELIV" if row.failure else "DELIVRD") if row.known else "ACCEPTD"
    return {"code": "0", "taskid": row.serial, "status": status, "error": row.failure if row.known else ""}
