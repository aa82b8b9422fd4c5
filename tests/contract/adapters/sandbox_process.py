"""A sandbox as a process of its own, and a party that answers what it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class RunningSandbox:
    """A running `python -m sandbox` with the demonstration credentials."""

    url: str

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer of its control API."""
        answer = requests.request(method, f"{self.url}/sandbox/api{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return dict(answer.json())

    def act(self, mer_order_id: str, action: str) -> dict[str, Any]:
        """Do something to an order: pay, cancel, decline, expire, …"""
        return self.api("POST", f"/orders/{mer_order_id}/{action}")

    def order(self, mer_order_id: str) -> dict[str, Any]:
        """UnionPay's ledger of one order."""
        return self.api("GET", f"/orders/{mer_order_id}")

    def misbehave(self, mer_order_id: str, **settings: Any) -> None:
        """UnionPay's faults for one order."""
        self.api("PUT", f"/orders/{mer_order_id}/settings", settings)


@contextmanager
def running_sandbox(folder: Path, clock_offset_file: Path | None = None) -> Iterator[RunningSandbox]:
    """Start one on a free port and kill it at the end."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    environment |= {"SANDBOX_ADDRESS": "127.0.0.1:0", "SANDBOX_DATABASE": str(folder / "sandbox.sqlite3")}
    environment |= {"SANDBOX_RESIDENTS": "0"}
    if clock_offset_file:
        environment["CLOCK_OFFSET_FILE"] = str(clock_offset_file)
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        printed = process.stdout.readline()
        assert printed.startswith("sandbox: http://127.0.0.1:"), printed
        yield RunningSandbox(printed.removeprefix("sandbox: ").strip().removesuffix("/sandbox"))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def answering(body: str | bytes, status: int = 200) -> Iterator[str]:
    """A party that gives the same answer to every POST; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            with suppress(ConnectionError):  # who has read enough hangs up
                self.wfile.write(body if isinstance(body, bytes) else body.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with _listening(Handler) as url:
        yield url


@contextmanager
def serving(body: bytes, status: int = 200, **headers: str) -> Iterator[str]:
    """A party that gives the same file to every GET; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with _listening(Handler) as url:
        yield url


@contextmanager
def _listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
