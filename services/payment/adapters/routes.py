"""The two ways to UnionPay (docs/adr/0016): how a message is addressed, signed and answered, not what it says."""

from __future__ import annotations

import enum
import json
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import requests
import urllib3

from kit import tracing
from kit.open_platform import OpenPlatformKey
from services.payment import config
from services.payment.adapters.signing import genuine, signed
from services.payment.config import Config

_LONGEST_ANSWER = 64 * 1024


class Call(enum.Enum):
    """What may be asked: its path on the open platform, its msgType on the communication-key route ([A] for CLOSE)."""

    UNIFIED_ORDER = ("wx/unified-order", "WXPay.jsPay")
    QUERY = ("query", "query")
    CLOSE = ("close", "close")
    REFUND = ("refund", "refund")
    REFUND_QUERY = ("refund-query", "refundQuery")

    def __init__(self, path: str, message_type: str) -> None:
        self.path, self.message_type = path, message_type


class NoAnswer(Exception):
    """UnionPay has not answered, or not in its own words: whether it did what it was asked to is open."""


class Route(Protocol):
    """One of them."""

    def page(self, fields: Mapping[str, Any]) -> str:
        """The signed address of the payment page of an order."""
        ...

    def ask(self, call: Call, fields: Mapping[str, Any]) -> dict[str, Any]:
        """UnionPay's answer. Raises NoAnswer."""
        ...


def route_of(settings: Config) -> Route:
    """The one that is configured."""
    if settings.unionpay_route is config.Route.OPEN_PLATFORM:
        return OpenPlatformRoute(settings)
    return CommunicationKeyRoute(settings)


class OpenPlatformRoute:
    """api-mop.chinaums.com: OPEN-BODY-SIG for our calls, OPEN-FORM-PARAM for the browser's."""

    def __init__(self, settings: Config) -> None:
        self._clock = settings.clock
        self._key = OpenPlatformKey(settings.unionpay_app_id, settings.unionpay_app_key)
        self._url = settings.unionpay_url.rstrip("/") + "/v1/netpay"
        self._http = _Http(settings.unionpay_timeout)

    def page(self, fields: Mapping[str, Any]) -> str:
        """See Route."""
        content = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        return f"{self._url}/webpay/pay?{urlencode(self._key.form_parameters(content, self._clock.now()))}"

    def ask(self, call: Call, fields: Mapping[str, Any]) -> dict[str, Any]:
        """See Route."""
        body = json.dumps(fields).encode()
        authorization = self._key.authorization(body, self._clock.now())
        with tracing.asking(f"unionpay.{call.path}"):
            return self._http.post(f"{self._url}/{call.path}", body, Authorization=authorization)


class CommunicationKeyRoute:
    """qr.chinaums.com: every message and every answer carries `sign`; an answer that is not UnionPay's is none."""

    def __init__(self, settings: Config) -> None:
        self._keys = settings.unionpay_communication_keys
        self._source, self._sign_type = settings.unionpay_msg_src, settings.unionpay_sign_type
        self._url = settings.unionpay_url.rstrip("/")
        self._http = _Http(settings.unionpay_timeout)

    def page(self, fields: Mapping[str, Any]) -> str:
        """See Route."""
        query = urlencode(self._signed("WXPay.jsPay", fields))
        return f"{self._url}/netpay-portal/webpay/pay.do?{query}"

    def ask(self, call: Call, fields: Mapping[str, Any]) -> dict[str, Any]:
        """See Route."""
        body = json.dumps(self._signed(call.message_type, fields)).encode()
        with tracing.asking(f"unionpay.{call.path}"):
            answer = self._http.post(f"{self._url}/netpay-route-server/api/", body)
        if not genuine(answer, self._keys):
            raise NoAnswer("its signature is not UnionPay's")
        return answer

    def _signed(self, message_type: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        named = {**fields, "msgSrc": self._source, "msgType": message_type}
        return signed(named, self._keys[0], self._sign_type)


class _Http:
    """Posts JSON and reads a JSON object that is neither long nor slow, from where it was asked for."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session = requests.Session()

    def post(self, url: str, body: bytes, **headers: str) -> dict[str, Any]:
        """Raises NoAnswer."""
        headers |= {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        try:
            with self._session.post(
                url,
                data=body,
                headers=headers,
                timeout=(2, self._timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = json.loads(self._read(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, RecursionError) as error:
            raise NoAnswer(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise NoAnswer("not a JSON object")
        return answer

    def _read(self, response: requests.Response) -> bytes:
        body, end = b"", time.monotonic() + self._timeout
        while piece := response.raw.read1(_LONGEST_ANSWER):
            body += piece
            if len(body) > _LONGEST_ANSWER or time.monotonic() > end:
                raise NoAnswer("too long, or too slow")
        return body
