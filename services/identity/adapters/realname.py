"""The 移动办税 directory: signed JSON over HTTPS, in the manner of the tax–bank subsystem (protocols.md §2).

No public document of it exists: path, fields and codes are an assumption kept in this file alone.

    POST {REALNAME_URL}/realname/v1/persons   {"openid"}   Authorization: OPEN-BODY-SIG …
    → {"code": "0000", "data": {"zjlx", "zjhm", "xm", "sjhm"}}, or "1001" when nobody is registered
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import requests

from contract import schema
from contract.people import DocumentType
from kit import tracing
from kit.clock import Clock
from kit.open_platform import OpenPlatformKey
from services.identity.adapters.base import RegisteredPerson, RegistryUnavailable

_PATH = "/realname/v1/persons"
_FOUND, _NOT_FOUND = "0000", "1001"
_CONNECT_SECONDS = 1.0
_FAILURES_BEFORE_REST = 5
_REST_SECONDS = 10.0


@dataclass(frozen=True)
class _Entry:
    """The data of a person found."""

    zjlx: str
    zjhm: str
    xm: str
    sjhm: str


class HttpRealNames:
    """Speaks to the real directory, or to the sandbox: the wire is the same.

    After five failures in a row it is left alone for ten seconds. Everybody's way in passes here, and waiting for a
    directory that hangs would take up all workers.
    """

    def __init__(self, url: str, key: OpenPlatformKey, timeout: float, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = (min(timeout, _CONNECT_SECONDS), timeout)
        self._clock = clock
        self._http = requests.Session()
        self._failures = 0
        self._rests_until = 0.0

    def find(self, openid: str) -> RegisteredPerson | None:
        """See RealNames."""
        if time.monotonic() < self._rests_until:
            raise RegistryUnavailable("left alone after failures")
        try:
            found = self._ask(openid)
        except RegistryUnavailable:
            self._failures += 1
            if self._failures >= _FAILURES_BEFORE_REST:
                self._failures, self._rests_until = 0, time.monotonic() + _REST_SECONDS
            raise
        self._failures = 0
        return found

    def _ask(self, openid: str) -> RegisteredPerson | None:
        body = json.dumps({"openid": openid}).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": self._key.authorization(body, self._clock.now()),
        }
        try:
            with tracing.asking("realname.find"):
                answer = self._http.post(self._url + _PATH, data=body, headers=headers, timeout=self._timeout)
            content = answer.json()
            code, data = content["code"], content["data"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise RegistryUnavailable(type(error).__name__) from None
        if code == _NOT_FOUND:
            return None
        if code != _FOUND:
            raise RegistryUnavailable("refused")
        return _registered(data)


def _registered(data: Any) -> RegisteredPerson | None:
    try:
        entry = schema.load(_Entry, data)
    except schema.MalformedPayload:
        raise RegistryUnavailable("answered in another shape") from None
    try:
        document_type = DocumentType(entry.zjlx)
    except ValueError:
        return None
    return RegisteredPerson(document_type, entry.zjhm, entry.xm, entry.sjhm)
