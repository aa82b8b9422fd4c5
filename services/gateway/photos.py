"""Photos of identity cards on their way to be read: held in memory, handed out once, gone after (docs/adr/0021)."""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from contract.errors import TooMany
from contract.ocr import OcrBusy
from services.gateway.config import Config

PATH = "/held-photos/"
_MOST = 12
"""Photos, of at most 10 MB each, that one gateway takes in at a time."""
_MINUTE = 60


class Photos:
    """What this gateway holds, and how often each caller came lately."""

    def __init__(self, settings: Config) -> None:
        self._address = settings.inner_url or _own_address(settings.http_address)
        self._held: dict[str, bytes] = {}
        self._inside = 0
        self._calls: dict[str, deque[float]] = {}

    @contextmanager
    def taking_in(self, caller: str, per_minute: int) -> Iterator[None]:
        """Room for one photo, while it is received and read. Raises OcrBusy, or TooMany for who comes too often."""
        self._count(caller, per_minute)
        if max(self._inside, len(self._held)) >= _MOST:
            raise OcrBusy(retry_after=3)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @contextmanager
    def held(self, photo: bytes) -> Iterator[str]:
        """The address at which a photo can be fetched, once, while the block runs."""
        token = secrets.token_urlsafe(32)
        self._held[token] = photo
        try:
            yield f"{self._address}{PATH}{token}"
        finally:
            self._held.pop(token, None)

    def hand_out(self, token: str) -> bytes | None:
        """A photo, the first time it is asked for."""
        return self._held.pop(token, None)

    def _count(self, caller: str, per_minute: int) -> None:
        now = time.monotonic()
        for name in [name for name, calls in self._calls.items() if calls[-1] < now - _MINUTE]:
            del self._calls[name]
        calls = self._calls.setdefault(caller, deque(maxlen=per_minute))
        if len(calls) == per_minute and calls[0] > now - _MINUTE:
            raise TooMany(
                "识别得太频繁了，请过一会儿再试，或者手工填写。",
                retry_after=round(calls[0] + _MINUTE - now) + 1,
            )
        calls.append(now)


def _own_address(listens_on: str) -> str:
    """Where the other services reach this replica and no other."""
    host, _, port = listens_on.rpartition(":")
    return f"http://{socket.gethostname() if host in ('', '0.0.0.0') else host}:{port}"  # noqa: S104 - compared
