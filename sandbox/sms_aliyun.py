"""Aliyun SMS (Dysmsapi 2017-05-25, protocols section 6)."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sandbox import aliyun, sms_handset
from sandbox.clock import moment, wire_time
from sandbox.sms_handset import PHONE
from sandbox.sms_reports import Report
from sandbox.world import the_world, upstream

blueprint = Blueprint("sms_aliyun", __name__, url_prefix="/aliyun")

NAME, VERSION = "aliyun", "2017-05-25"
_PENDING, _FAILED, _DELIVERED = 1, 2, 3


class Failed(Exception):
    """The call fails with Aliyun's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _answer(**content: Any) -> dict[str, Any]:
    return {"RequestId": secrets.token_hex(16).upper(), "Code": "OK", "Message": "OK", **content}


@blueprint.route("/", methods=["GET", "POST"])
def api() -> ResponseReturnValue:
    """The action is a parameter. What concerns the account comes with HTTP 400, what concerns a message with 200."""
    actions = {"SendSms": send_sms, "QuerySendDetails": query_send_details}
    try:
        action = actions.get(request.values.get("Action", ""))
        if action is None or request.values.get("Version") != VERSION:
            raise aliyun.Unauthorised("InvalidAction.NotFound", "Specified api is not found.")
        return action()
    except aliyun.Unauthorised as error:
        return _answer(Code=error.code, Message=error.message), 400
    except Failed as error:
        return _answer(Code=error.code, Message=error.message)


def _verified() -> dict[str, str]:
    world, given = the_world(), request.values.to_dict()
    key_id, secret = world.settings["ALIYUN_ACCESS_KEY_ID"], world.settings["ALIYUN_ACCESS_KEY_SECRET"]
    aliyun.verify(request.method, given, key_id, secret, world.clock.now())
    return given


@upstream("aliyun", "send")
def send_sms() -> ResponseReturnValue:
    given = _verified()
    number = PHONE.fullmatch(given.get("PhoneNumbers", ""))
    if number is None:
        raise Failed("isv.MOBILE_NUMBER_ILLEGAL", "phone number illegal")
    template = sms_handset.approved().get(given.get("TemplateCode", ""))
    if given.get("SignName") != the_world().settings["SMS_SIGN_NAME"]:
        raise Failed("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
    if template is None:
        raise Failed("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
    try:
        values = json.loads(given.get("TemplateParam") or "{}")
        text = f"【{given['SignName']}】" + template.render([str(values[name]) for name in template.names])
    except (ValueError, KeyError, TypeError):
        raise Failed("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺失") from None
    serial, _ = sms_handset.take(NAME, number[1], given["TemplateCode"], text, given.get("OutId", ""))
    return _answer(BizId=serial)


@upstream("aliyun", "query")
def query_send_details() -> ResponseReturnValue:
    """What one phone was sent on one day."""
    given, world = _verified(), the_world()
    number = PHONE.fullmatch(given.get("PhoneNumber", ""))
    size, page = given.get("PageSize", ""), given.get("CurrentPage", "")
    if number is None:
        raise Failed("isv.MOBILE_NUMBER_ILLEGAL", "phone number illegal")
    if not (size.isdigit() and page.isdigit() and 0 < int(size) <= 50 and int(page) > 0):
        raise Failed("isv.INVALID_PARAMETERS", "PageSize is 1 to 50, CurrentPage from 1")
    rows = sms_handset.reports(world, NAME, "m.phone = ? ORDER BY m.id", (number[1],))
    rows = [row for row in rows if f"{moment(row.sent_at):%Y%m%d}" == given.get("SendDate")]
    first = (int(page) - 1) * int(size)
    shown = [_detail(row) for row in rows[first : first + int(size)]]
    return _answer(TotalCount=len(rows), SmsSendDetailDTOs={"SmsSendDetailDTO": shown})


def _detail(row: Report) -> dict[str, Any]:
    status = (_FAILED if row.failure else _DELIVERED) if row.known else _PENDING
    detail = {
        "PhoneNum": row.phone,
        "TemplateCode": row.template_id,
        "Content": row.text,
        "OutId": row.context,
        "BizId": row.serial,
        "SendStatus": status,
        "SendDate": wire_time(row.sent_at),
    }
    if status != _PENDING:
        detail |= {"ErrCode": row.failure or "DELIVERED", "ReceiveDate": wire_time(row.at)}
    return detail
