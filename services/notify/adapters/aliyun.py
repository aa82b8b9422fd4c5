"""Aliyun SMS (Dysmsapi), API 2017-05-25, RPC signature HMAC-SHA1 (protocols.md §6)."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kit.clock import CHINA
from services.notify.adapters.base import Ambiguous, UnreadableReceipt
from services.notify.adapters.wire import NotSent, Wire
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Catalogue

NAME = "aliyun"
VERSION = "2017-05-25"
PAGE = 50

# What is not listed is the account's or a template's: another provider may do it.
_GIVE_UP = frozenset({
    "isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL",
})  # fmt: skip
_RETRY = frozenset({"Throttling", "Throttling.User", "Throttling.Api"})
_UNCLEAR = ("isp.SYSTEM_ERROR", "SystemError", "ServiceUnavailable", "InternalError")
_HOPELESS = frozenset({
    "MOBILE_NOT_ON_SERVICE", "MOBILE_IN_BLACK", "MOBILE_ACCOUNT_ABNORMAL", "MOBILE_NUMBER_ILLEGAL", "CONTENT_KEYWORD",
})  # fmt: skip
"""Codes of a failed report that are about the phone or the words, not the way to it [A]."""

_PENDING, _FAILED, _DELIVERED = 1, 2, 3


@dataclass(frozen=True)
class Account:
    """Where and as whom to call."""

    url: str
    key_id: str
    key_secret: str = field(repr=False)
    region: str


class AliyunSms:
    """Sends messages and finds them by their OutId."""

    def __init__(self, account: Account, catalogue: Catalogue) -> None:
        self._account = account
        self._catalogue = catalogue
        self._wire = Wire("sms.aliyun")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._wire.close()

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        """SendSms to one number. Raises Ambiguous."""
        template = self._catalogue[sms.kind]
        values = {name: sms.variables[name] for name in template.params}
        wanted = {
            "PhoneNumbers": sms.phone, "SignName": self._catalogue.sign_name, "TemplateCode": template.ids[NAME],
            "TemplateParam": json.dumps(values, ensure_ascii=False), "OutId": sms.message_id,
        }  # fmt: skip
        try:
            return sent(self._call("SendSms", wanted, now))
        except NotSent as error:
            return Rejected(str(error), Remedy.SWITCH)

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """Look through what the phone was sent, day by day. Raises Ambiguous."""
        day, last = since.astimezone(CHINA).date(), now.astimezone(CHINA).date()
        while day <= last:
            if row := self._find_on(day, message_id, phone, now):
                return found(row)
            day += dt.timedelta(days=1)
        return NotFound()

    def receipts(self, body: Any) -> list[Found]:
        """A push of reports: a JSON array with one per phone. Raises UnreadableReceipt."""
        try:
            return [_report(str(row["biz_id"]), _DELIVERED if row["success"] else _FAILED, row.get("err_code"))
                    for row in body]  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise UnreadableReceipt(type(error).__name__) from None

    def thanks(self) -> Mapping[str, Any]:
        """The answer that ends the provider's retries."""
        return {"code": 0, "msg": "成功"}

    def _find_on(
        self, day: dt.date, message_id: str, phone: str, now: dt.datetime
    ) -> Mapping[str, Any] | None:
        page = 1
        while True:
            wanted = {
                "PhoneNumber": phone, "SendDate": f"{day:%Y%m%d}", "PageSize": str(PAGE), "CurrentPage": str(page),
            }  # fmt: skip
            try:
                answer = self._call("QuerySendDetails", wanted, now)
            except NotSent as error:
                raise Ambiguous(str(error)) from None
            rows = details(answer)
            if row := next((row for row in rows if row.get("OutId") == message_id), None):
                return row
            if len(rows) < PAGE:
                return None
            page += 1

    def _call(self, action: str, wanted: Mapping[str, str], now: dt.datetime) -> Mapping[str, Any]:
        """The answer. Raises Ambiguous, or NotSent when nothing reached the provider."""
        parameters = {
            **wanted, "Action": action, "Version": VERSION, "RegionId": self._account.region, "Format": "JSON",
            "AccessKeyId": self._account.key_id, "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
            "SignatureNonce": str(uuid.uuid4()), "Timestamp": f"{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip
        parameters["Signature"] = signature(parameters, self._account.key_secret, "POST")
        answer = self._wire.ask("POST", self._account.url, data=parameters)
        if not isinstance(answer, dict):
            raise Ambiguous("not an answer of the provider")
        return answer


def sent(answer: Mapping[str, Any]) -> Accepted | Rejected:
    """What the answer to SendSms says. Raises Ambiguous."""
    code = str(answer.get("Code") or "")
    if code == "OK":
        return Accepted(str(answer.get("BizId") or ""))
    if not code or code.startswith(_UNCLEAR):
        raise Ambiguous(code or "the answer names no code")
    if code in _GIVE_UP:
        return Rejected(code, Remedy.GIVE_UP)
    return Rejected(code, Remedy.RETRY if code in _RETRY else Remedy.SWITCH)


def details(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of an answer to QuerySendDetails. Raises Ambiguous."""
    if answer.get("Code") != "OK":
        raise Ambiguous(str(answer.get("Code")))
    rows: list[Mapping[str, Any]] = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
    return rows


def found(row: Mapping[str, Any]) -> Found:
    """One row: the message was taken; it may be on its way still, or have failed on it."""
    return _report(str(row.get("BizId") or ""), row.get("SendStatus"), row.get("ErrCode"))


def _report(serial: str, status: Any, code: Any) -> Found:
    if status == _FAILED:
        reason = str(code or "FAIL")
        return Found(serial, reason, hopeless=reason in _HOPELESS)
    return Found(serial, delivered=status == _DELIVERED)


def signature(parameters: Mapping[str, str], key_secret: str, method: str) -> str:
    """The RPC signature: sorted, percent-encoded twice, HMAC-SHA1."""
    joined = "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))
    text = f"{method}&{_encoded('/')}&{_encoded(joined)}"
    return base64.b64encode(hmac.digest(f"{key_secret}&".encode(), text.encode(), "sha1")).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
