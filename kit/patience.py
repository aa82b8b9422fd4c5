"""How long a client may take to say what it wants: slow ones hold a greenlet and a socket, and nothing else ends them.

A timeout of the socket alone does not: whoever sends a byte now and then never runs into it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
from eventlet import wsgi
from werkzeug.exceptions import RequestTimeout

IDLE_SECONDS = 30
"""A connection that is kept open may say nothing for so long, and no single read or write takes longer."""

HEADER_SECONDS = 10.0
"""From the request line to the end of the header."""

BODY_SECONDS = 30.0
BODY_RATE = 10 * 1024
"""A body may take BODY_SECONDS, and a second more for each BODY_RATE bytes it says it has: a photo over a poor line
gets through, a drip does not."""

_LINGER_SECONDS = 5.0
_LINGER_BYTES = 1024 * 1024
_PIECE = 16 * 1024

Read = TypeVar("Read")


class PatientProtocol(wsgi.HttpProtocol):
    """Eventlet's HTTP with ends to its patience."""

    close_connection: bool

    def _read_request_line(self) -> Any:
        line = _within(IDLE_SECONDS + HEADER_SECONDS, super()._read_request_line)
        return line or b""  # for which the connection is closed

    def parse_request(self) -> bool:
        read = _within(HEADER_SECONDS, super().parse_request)
        if read is None:
            self.close_connection = True
        return bool(read)

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = environ["eventlet.input"]
        environ["wsgi.input"] = _Body(body)
        body.discard = lambda: self._linger(body)
        return environ

    def _linger(self, body: Any) -> None:
        """Take the rest of a body nobody wanted, so that the client gets to read the answer; hang up on more of it."""
        pieces = range(_LINGER_BYTES // _PIECE)
        if not _within(_LINGER_SECONDS, lambda: any(not body.read(_PIECE) for _ in pieces)):
            self.close_connection = True


class _Body(io.RawIOBase):
    """A request's body that has to arrive in time. Raises RequestTimeout."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._ends = time.monotonic() + BODY_SECONDS + (body.content_length or 0) / BODY_RATE

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._in_time(self._body.read, size)

    def readinto(self, buffer: Any) -> int:
        got = self._in_time(self._body.read, len(buffer))
        buffer[: len(got)] = got
        return len(got)

    def readline(self, size: int | None = -1) -> bytes:
        return self._in_time(self._body.readline, size)

    def _in_time(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        left = max(0.0, self._ends - time.monotonic())
        got = _within(left, lambda: read(None if size is None or size < 0 else size))
        if got is None:
            raise RequestTimeout
        return got


def _within(seconds: float, read: Callable[[], Read]) -> Read | None:
    """What it returns, or None when that takes longer."""
    limit = eventlet.Timeout(seconds)
    try:
        return read()
    except eventlet.Timeout as expired:
        if expired is not limit:
            raise
        return None
    finally:
        limit.cancel()
