"""Tencent Cloud SMS (protocols section 6) and the inbox of every phone."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sandbox import sms_handset, tencent
from sandbox.clock import wire_time
from sandbox.sms_handset import PHONE
from sandbox.sms_reports import Report
from sandbox.world import the_world, upstream

blueprint = Blueprint("sms", __name__)

NAME, VERSION = "tencent", "2021-01-11"


class Failed(Exception):
    """The whole call fails: Tencent's ``Error`` object."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _response(content: dict[str, Any]) -> dict[str, Any]:
    return {"Response": content | {"RequestId": secrets.token_hex(16)}}


@blueprint.post("/")
def api() -> ResponseReturnValue:
    """Tencent Cloud API 3.0: the action is in the X-TC-Action header. Errors come with HTTP 200."""
    action = request.headers.get("X-TC-Action", "")
    actions = {"SendSms": send_sms, "PullSmsSendStatusByPhoneNumber": pull_status_by_phone}
    try:
        if action not in actions or request.headers.get("X-TC-Version") != VERSION:
            raise Failed("InvalidAction", "The request action or version does not exist.")
        return actions[action]()
    except (Failed, tencent.Unauthorised) as error:
        return _response({"Error": {"Code": error.code, "Message": error.message}})


def _verified_body() -> dict[str, Any]:
    world = the_world()
    headers = {name.lower(): value for name, value in request.headers.items()}
    secret_id, secret_key = world.settings["TENCENT_SECRET_ID"], world.settings["TENCENT_SECRET_KEY"]
    tencent.verify(headers, request.get_data(), secret_id, secret_key, world.clock.now())
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Failed("InvalidParameter", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Failed("InvalidParameter", "The body is not a JSON object.")
    if str(body.get("SmsSdkAppId")) != world.settings["TENCENT_SMS_APP_ID"]:
        raise Failed("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "The SmsSdkAppId is not yours.")
    return body


def _text_list(body: dict[str, Any], name: str) -> list[str]:
    values = body.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Failed("InvalidParameter", f"{name} must be an array of strings.")
    return values


@upstream("sms", "send")
def send_sms() -> ResponseReturnValue:
    """Every number gets its own status, as with Tencent: a bad template is told per number, not per call."""
    body = _verified_body()
    phones, values = _text_list(body, "PhoneNumberSet"), _text_list(body, "TemplateParamSet")
    context = str(body.get("SessionContext") or "")
    if not phones or len(phones) > 200:
        raise Failed("LimitExceeded.PhoneNumberCountLimit", "PhoneNumberSet must hold 1 to 200 numbers.")
    if len(context.encode()) >= 512:
        raise Failed("InvalidParameterValue.SessionContextLength", "SessionContext must be under 512 bytes.")
    sign = str(body.get("SignName") or "")
    problem, text = _rendered(str(body.get("TemplateId")), sign, values)
    statuses = [_deliver(phone, str(body.get("TemplateId")), text, problem, context) for phone in phones]
    return _response({"SendStatusSet": statuses})


def _rendered(template_id: str, sign: str, values: list[str]) -> tuple[str, str]:
    """The error code that stops it (or an empty string) and the text with its signature."""
    if sign != the_world().settings["SMS_SIGN_NAME"]:
        return "FailedOperation.SignatureIncorrectOrUnapproved", ""
    template = sms_handset.approved().get(template_id)
    if template is None:
        return "FailedOperation.TemplateIncorrectOrUnapproved", ""
    if len(values) != template.parameters:
        return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate", ""
    return "", f"【{sign}】{template.render(values)}"


def _deliver(phone: str, template_id: str, text: str, problem: str, context: str) -> dict[str, Any]:
    number = PHONE.fullmatch(phone)
    problem = problem or ("" if number else "InvalidParameterValue.IncorrectPhoneNumber")
    status = {"PhoneNumber": phone, "SessionContext": context, "IsoCode": "CN"}
    if problem or number is None:
        return status | {"SerialNo": "", "Fee": 0, "Code": problem, "Message": problem}
    serial, count = sms_handset.take(NAME, number[1], template_id, text, context)
    return status | {"SerialNo": serial, "Fee": count, "Code": "Ok", "Message": "send success"}


@upstream("sms", "pull_status_by_phone")
def pull_status_by_phone() -> ResponseReturnValue:
    """What was delivered to one phone in a period: how a caller learns the fate of an ambiguous send."""
    body = _verified_body()
    number = PHONE.fullmatch(str(body.get("PhoneNumber", "")))
    begin, end = body.get("BeginTime"), body.get("EndTime", the_world().clock.now())
    offset, limit = body.get("Offset"), body.get("Limit")
    if number is None:
        raise Failed("InvalidParameterValue.IncorrectPhoneNumber", "PhoneNumber is not a phone number.")
    if not all(isinstance(value, int | float) for value in (begin, end, offset, limit)):
        raise Failed("InvalidParameter", "BeginTime, Offset and Limit are required numbers.")
    rows = sms_handset.reports(
        the_world(),
        NAME,
        "m.phone = ? AND m.sent_at >= ? AND m.sent_at <= ? ORDER BY m.id LIMIT ? OFFSET ?",
        (number[1], begin, end, limit, offset),
    )
    return _response({"PullSmsSendStatusSet": [_status(row) for row in rows]})


def _status(row: Report) -> dict[str, Any]:
    status, words = ("FAIL", row.failure) if row.failure else ("SUCCESS", "DELIVRD")
    return {
        "UserReceiveTime": int(row.sent_at),
        "CountryCode": "86",
        "SubscriberNumber": row.phone,
        "PhoneNumber": f"+86{row.phone}",
        "SerialNo": row.serial,
        "ReportStatus": status if row.known else "",
        "Description": words if row.known else "",
        "SessionContext": row.context,
    }


def _messages(at_most: int) -> list[dict[str, Any]]:
    """Newest first; ``phone``, ``since`` (seconds since the epoch) and ``after`` (an id) narrow them."""
    phone = request.args.get("phone", "").strip()
    since, after = request.args.get("since", 0.0, float), request.args.get("after", 0, int)
    rows = the_world().store.all(
        "SELECT m.*, r.provider, r.failure FROM messages m JOIN sms_reports r USING (serial_no)"
        " WHERE (? = '' OR phone = ?) AND sent_at >= ? AND id > ? ORDER BY id DESC LIMIT ?",
        (phone, phone, since, after, at_most),
    )
    return [dict(row) | {"time": wire_time(row["sent_at"])} for row in rows]


@blueprint.get("/sms")
def inbox() -> ResponseReturnValue:
    return render_template("inbox.html", messages=_messages(100), phone=request.args.get("phone", ""))


@blueprint.get("/sandbox/api/sms")
def inbox_api() -> ResponseReturnValue:
    return {"messages": _messages(request.args.get("limit", 1000, int))}
