"""The seal platform over HTTP (protocols.md §7), and the lists of what was revoked.

POST {SEAL_PLATFORM_URL}/v1/sign  {requestId, organCode, sealCode, pdfBase64, rule}   OPEN-BODY-SIG [A]
→ {code, message, signedPdfBase64, certificate}
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from contract.certificate import SealRefused, SealUnavailable
from contract.upstream import UpstreamUnavailable
from kit.clock import Clock
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from services.certificate.adapters.base import Printed
from services.certificate.domain.authorities import Authority

SEALED = "0000"
REFUSED = frozenset({"1001"})
"""Codes that trying again does not mend [A]: the authority has no seal."""

COORDINATES = 2
LARGEST = 4 * 1024 * 1024
TRIES = 3
_TIMEOUT = (2, 10)
_LIST_SECONDS = 300.0
_LONGEST_STALE = 3600.0

_log = logging.getLogger(__name__)


class HttpSealer:
    """Speaks to the real platform, or to the sandbox: the wire is the same."""

    def __init__(
        self, url: str, key: OpenPlatformKey, clock: Clock, upstream: Upstream, connections: int = 8
    ) -> None:
        self._url, self._key, self._clock, self._upstream = url.rstrip("/"), key, clock, upstream
        self._http = _session(connections)

    def seal(self, request_id: str, printed: Printed, authority: Authority) -> bytes:
        """See Sealer. What got no answer is asked again under the same number."""
        left, low, right, high = printed.box
        body = json.dumps({
            "requestId": request_id, "organCode": authority.organ_code, "sealCode": authority.seal_code,
            "pdfBase64": base64.b64encode(printed.pdf).decode(),
            "rule": {
                "type": COORDINATES, "page": printed.page + 1, "x": (left + right) / 2, "y": (low + high) / 2,
                "keyword": "",
            },
        }).encode()  # fmt: skip
        for again in reversed(range(TRIES)):
            try:
                with self._upstream.call("sign"):
                    return self._ask(body)
            except (SealUnavailable, UpstreamUnavailable) as error:
                if not again:
                    raise SealUnavailable from error
        raise SealUnavailable

    def _ask(self, body: bytes) -> bytes:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": self._key.authorization(body, self._clock.now()),
        }
        try:
            answer = self._http.post(
                f"{self._url}/v1/sign", data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
            content: Any = answer.json()
            code, message = str(content["code"]), str(content.get("message", ""))
            signed = base64.b64decode(content.get("signedPdfBase64") or "", validate=True)
        except (
            requests.RequestException,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            binascii.Error,
        ) as error:
            _log.warning("the seal platform gave no answer", extra={"error": type(error).__name__})
            raise SealUnavailable from error
        if code in REFUSED:
            _log.error("the seal platform refused", extra={"code": code, "said": message[:100]})
            raise SealRefused
        if code != SEALED or not signed or len(signed) > LARGEST:
            _log.error("the seal platform failed", extra={"code": code, "said": message[:100]})
            raise SealUnavailable
        return signed


class HttpRevocationLists:
    """Asks for each list every five minutes; while it cannot be had, the last one counts for an hour."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls, self._http = tuple(urls), _session(2)
        self._kept: dict[str, tuple[float, bytes]] = {}

    def current(self) -> Sequence[bytes]:
        """See RevocationLists."""
        return [found for found in map(self._list, self._urls) if found]

    def _list(self, url: str) -> bytes | None:
        asked_at, kept = self._kept.get(url, (0.0, b""))
        age = time.monotonic() - asked_at
        if kept and age < _LIST_SECONDS:
            return kept
        try:
            answer = self._http.get(url, timeout=_TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
        except requests.RequestException as error:
            _log.warning("no revocation list", extra={"error": type(error).__name__})
            return kept if kept and age < _LONGEST_STALE else None
        self._kept[url] = time.monotonic(), answer.content
        return answer.content


def _session(connections: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # neither proxies nor .netrc of the machine
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
    return session
