"""A merchant's notify address: records what UnionPay sends and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

SUCCESS = (200, b"SUCCESS")


class Receiver:
    """``answers`` are given one after the other, then SUCCESS for ever."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, bytes]] = []
        self._arrived = threading.Condition()

    def take(self, method: str, fields: dict[str, str]) -> tuple[int, bytes]:
        with self._arrived:
            self.received.append((method, fields))
            self._arrived.notify_all()
            return self.answers.pop(0) if self.answers else SUCCESS

    def wait_for(self, count: int, seconds: float) -> bool:
        """Whether ``count`` notifies have arrived within that time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.received) >= count, seconds)

    @property
    def fields(self) -> list[dict[str, str]]:
        return [fields for _, fields in self.received]


@contextmanager
def listening(receiver: Receiver) -> Iterator[str]:
    """Serve it on a free port; gives the notifyUrl."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer("POST", body)

        def do_GET(self) -> None:
            self._answer("GET", urlsplit(self.path).query)

        def _answer(self, method: str, form: str) -> None:
            status, body = receiver.take(method, dict(parse_qsl(form, strict_parsing=True)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notify/unionpay"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
