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

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from services.notify.adapters.base import Ambiguous
from services.notify.domain import Accepted, Found, NotFound, Rejected, Sms
from services.notify.templates import Catalogue

VERSION = "2021-01-11"
TIMEOUT = (1.5, 2.5)
"""Seconds to connect and to wait for the answer."""

PAGE = 100
_CONTENT_TYPE = "application/json; charset=utf-8"
_SIGNED = "content-type;host"
_SLACK = dt.timedelta(seconds=60)

# Everything else that is not Ok may work later: a limit, an empty account, a template not approved yet.
_NEVER = frozenset({
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.ContentLengthLimit",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.PhoneNumberParseFail",
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    "UnsupportedOperation.UnsupportedRegion",
})  # fmt: skip
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

    def __init__(self, account: Account, catalogue: Catalogue, connections: int = 32) -> None:
        self._account = account
        self._catalogue = catalogue
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor .netrc of the machine
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        """SendSms to one number. Raises Ambiguous."""
        template = self._catalogue[sms.kind]
        body = {
            "PhoneNumberSet": [_e164(sms.phone)],
            "SmsSdkAppId": self._account.app_id,
            "SignName": self._catalogue.sign_name,
            "TemplateId": template.template_id,
            "TemplateParamSet": template.values(sms.variables),
            "SessionContext": sms.message_id,
        }
        try:
            response = self._call("SendSms", body, now)
        except _NotSent as error:
            return Rejected(str(error), permanent=False)
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
            except _NotSent as error:
                raise Ambiguous(str(error)) from None
            rows = statuses(response)
            if row := next((row for row in rows if row.get("SessionContext") == message_id), None):
                return found(row)
            newest = max((int(row["UserReceiveTime"]) for row in rows), default=begin)
            if len(rows) < PAGE or newest <= begin:
                return NotFound()
            begin = newest

    def _call(self, action: str, body: Mapping[str, Any], now: dt.datetime) -> Mapping[str, Any]:
        """The Response object. Raises Ambiguous, or _NotSent when nothing reached the provider."""
        raw, host = json.dumps(body, ensure_ascii=False).encode(), urlsplit(self._account.url).netloc
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": _CONTENT_TYPE, "Host": host, "X-TC-Action": action, "X-TC-Version": VERSION,
            "X-TC-Timestamp": str(timestamp), "X-TC-Region": self._account.region,
            "Authorization": authorization(
                self._account.secret_id, self._account.secret_key, "sms", host, raw, timestamp
            ),
        }  # fmt: skip
        try:
            answer = self._session.post(self._account.url, data=raw, headers=headers, timeout=TIMEOUT)
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise _NotSent(type(error).__name__) from None
        except requests.ConnectionError as error:
            raise (_NotSent if _refused(error) else Ambiguous)(type(error).__name__) from None
        except requests.RequestException as error:
            raise Ambiguous(type(error).__name__) from None
        if answer.status_code >= 500:
            raise Ambiguous(f"HTTP {answer.status_code}")
        if answer.status_code != requests.codes.ok:
            raise _NotSent(f"HTTP {answer.status_code}")
        try:
            response: Mapping[str, Any] = answer.json()["Response"]
        except (ValueError, KeyError, TypeError):
            raise Ambiguous("not an answer of the provider") from None
        return response


class _NotSent(Exception):
    """The request never reached the provider, or was turned away whole."""


def sent(response: Mapping[str, Any]) -> Accepted | Rejected:
    """What the answer to SendSms says about its one number. Raises Ambiguous."""
    try:
        status = response["Error"] if "Error" in response else response["SendStatusSet"][0]
        code, serial = str(status["Code"]), str(status.get("SerialNo") or "")
    except (KeyError, IndexError, TypeError):
        raise Ambiguous("the answer names no status") from None
    if code.startswith(_UNCLEAR):
        raise Ambiguous(code)
    return Accepted(serial) if code == "Ok" else Rejected(code, permanent=code in _NEVER)


def statuses(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of an answer to PullSmsSendStatusByPhoneNumber. Raises Ambiguous."""
    if "Error" in response:
        raise Ambiguous(str(response["Error"].get("Code")))
    rows: list[Mapping[str, Any]] = response.get("PullSmsSendStatusSet") or []
    return rows


def found(row: Mapping[str, Any]) -> Found:
    """One row: the message was taken; it may still have failed on the way to the phone."""
    failed = row.get("ReportStatus") == "FAIL"
    return Found(str(row.get("SerialNo") or ""), str(row.get("Description") or "FAIL") if failed else "")


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


def _refused(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _e164(phone: str) -> str:
    return f"+86{phone}"
