"""Tencent Cloud SMS, API 2021-01-11 (protocols.md §6)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from services.notify.adapters.base import Ambiguous, UnreadableReceipt
from services.notify.adapters.wire import NotSent, Wire
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Catalogue

NAME = "tencent"
VERSION = "2021-01-11"
PAGE = 100
_CONTENT_TYPE = "application/json; charset=utf-8"
_SIGNED = "content-type;host"
_SLACK = dt.timedelta(seconds=60)

# What is not listed is the account's or a template's: another provider may do it.
_GIVE_UP = frozenset({
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.ContentLengthLimit",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.PhoneNumberParseFail",
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    "UnsupportedOperation.UnsupportedRegion",
})  # fmt: skip
_RETRY = frozenset({
    "RequestLimitExceeded", "LimitExceeded.DeliveryFrequencyLimit", "FailedOperation.RequestTimeException",
    "ResourceInsufficient",
})  # fmt: skip
_HOPELESS = ("空号", "停机", "黑名单", "MBBLACK", "MK:0000", "MK:0001")
"""Words of a failed report that are about the phone, not the way to it [A]."""

_UNCLEAR = "InternalError"


@dataclass(frozen=True)
class Account:
    """Where and as whom to call."""

    url: str
    secret_id: str
    secret_key: str = field(repr=False)
    app_id: str
    region: str


class TencentSms:
    """Sends and finds messages by their SessionContext."""

    def __init__(self, account: Account, catalogue: Catalogue) -> None:
        self._account = account
        self._catalogue = catalogue
        self._wire = Wire("sms.tencent")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._wire.close()

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        """SendSms to one number. Raises Ambiguous."""
        template = self._catalogue[sms.kind]
        body = {
            "PhoneNumberSet": [_e164(sms.phone)],
            "SmsSdkAppId": self._account.app_id,
            "SignName": self._catalogue.sign_name,
            "TemplateId": template.ids[NAME],
            "TemplateParamSet": template.values(sms.variables),
            "SessionContext": sms.message_id,
        }
        try:
            response = self._call("SendSms", body, now)
        except NotSent as error:
            return Rejected(str(error), Remedy.SWITCH)
        return sent(response)

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """Look through what reached the phone, oldest first. Raises Ambiguous.

        Offset is fixed at 0 by the provider, so a full page is followed by one that begins at its newest second.
        """
        begin, end = int((since - _SLACK).timestamp()), int((now + _SLACK).timestamp())
        while True:
            body = {
                "PhoneNumber": _e164(phone), "SmsSdkAppId": self._account.app_id, "BeginTime": begin,
                "EndTime": end, "Offset": 0, "Limit": PAGE,
            }  # fmt: skip
            try:
                response = self._call("PullSmsSendStatusByPhoneNumber", body, now)
            except NotSent as error:
                raise Ambiguous(str(error)) from None
            rows = statuses(response)
            if row := next((row for row in rows if row.get("SessionContext") == message_id), None):
                return found(row)
            newest = max((int(row["UserReceiveTime"]) for row in rows), default=begin)
            if len(rows) < PAGE or newest <= begin:
                return NotFound()
            begin = newest

    def receipts(self, body: Any) -> list[Found]:
        """A push of reports: a JSON array with one per phone. Raises UnreadableReceipt."""
        try:
            return [_report(str(row["sid"]), row["report_status"], row.get("description") or row.get("errmsg"))
                    for row in body]  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise UnreadableReceipt(type(error).__name__) from None

    def thanks(self) -> Mapping[str, Any]:
        """The answer that ends the provider's retries."""
        return {"result": 0, "errmsg": "OK"}

    def _call(self, action: str, body: Mapping[str, Any], now: dt.datetime) -> Mapping[str, Any]:
        """The Response object. Raises Ambiguous, or NotSent when nothing reached the provider."""
        raw, host = json.dumps(body, ensure_ascii=False).encode(), urlsplit(self._account.url).netloc
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": _CONTENT_TYPE, "Host": host, "X-TC-Action": action, "X-TC-Version": VERSION,
            "X-TC-Timestamp": str(timestamp), "X-TC-Region": self._account.region,
            "Authorization": authorization(
                self._account.secret_id, self._account.secret_key, "sms", host, raw, timestamp
            ),
        }  # fmt: skip
        answer = self._wire.ask("POST", self._account.url, data=raw, headers=headers)
        try:
            response: Mapping[str, Any] = answer["Response"]
        except (KeyError, TypeError):
            raise Ambiguous("not an answer of the provider") from None
        return response


def sent(response: Mapping[str, Any]) -> Accepted | Rejected:
    """What the answer to SendSms says about its one number. Raises Ambiguous."""
    try:
        status = response["Error"] if "Error" in response else response["SendStatusSet"][0]
        code, serial = str(status["Code"]), str(status.get("SerialNo") or "")
    except (KeyError, IndexError, TypeError):
        raise Ambiguous("the answer names no status") from None
    if code.startswith(_UNCLEAR):
        raise Ambiguous(code)
    return Accepted(serial) if code == "Ok" else Rejected(code, _remedy(code))


def statuses(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of an answer to PullSmsSendStatusByPhoneNumber. Raises Ambiguous."""
    if "Error" in response:
        raise Ambiguous(str(response["Error"].get("Code")))
    rows: list[Mapping[str, Any]] = response.get("PullSmsSendStatusSet") or []
    return rows


def found(row: Mapping[str, Any]) -> Found:
    """One row: the message was taken; it may be on its way still, or have failed on it."""
    return _report(str(row.get("SerialNo") or ""), row.get("ReportStatus"), row.get("Description"))


def _report(serial: str, status: Any, description: Any) -> Found:
    if status == "FAIL":
        reason = str(description or "FAIL")
        return Found(serial, reason, hopeless=any(word in reason for word in _HOPELESS))
    return Found(serial, delivered=status == "SUCCESS")


def _remedy(code: str) -> Remedy:
    if code in _GIVE_UP:
        return Remedy.GIVE_UP
    return Remedy.RETRY if code in _RETRY else Remedy.SWITCH


def authorization(
    secret_id: str, secret_key: str, service: str, host: str, body: bytes, timestamp: int
) -> str:
    """The Authorization header of a POST to `/` (TC3-HMAC-SHA256)."""
    date = dt.datetime.fromtimestamp(timestamp, dt.UTC).date().isoformat()
    headers = f"content-type:{_CONTENT_TYPE}\nhost:{host}\n"
    request = "\n".join(("POST", "/", "", headers, _SIGNED, hashlib.sha256(body).hexdigest()))
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join(("TC3-HMAC-SHA256", str(timestamp), scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"


def _e164(phone: str) -> str:
    return f"+86{phone}"
