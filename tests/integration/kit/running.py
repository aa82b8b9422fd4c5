"""Runs the probe services in processes of their own, as they run in earnest."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import requests

from deploy.local.process import wait_until
from kit.database import Database
from tests.factories.keys import KEYS, STAFF_KEYS

ROOT = Path(__file__).parents[3]
NEVER_ASKED = {
    "REALNAME_URL": "http://127.0.0.1:9",
    "REALNAME_APP_ID": "a" * 32,
    "REALNAME_APP_KEY": "b" * 32,
}
"""What the service whose settings a probe uses cannot start without."""

T = TypeVar("T")


def eventually(look: Callable[[], T], wanted: T, seconds: float = 30) -> None:
    """Look until it is as wanted; fail with what it is instead."""
    wait_until(lambda: look() == wanted, seconds, pause=0.1)
    found = look()
    assert found == wanted, f"{found!r} instead of {wanted!r} after {seconds} s"


class Probe:
    """One process running one or several probe services."""

    def __init__(self, names: tuple[str, ...], environment: Mapping[str, str], scratch: Path) -> None:
        self._names = names
        self.scratch = scratch
        self.environment = {
            **KEYS, **NEVER_ASKED, "IDENTITY_STAFF_KEYS": STAFF_KEYS,
            "PATH": os.environ["PATH"], "ENVIRONMENT": "development",
            "PROBE_SCRATCH": str(scratch), "CLOCK_OFFSET_FILE": str(scratch / "clock-offset"), "LOG_LEVEL": "INFO",
            **environment,
        }  # fmt: skip
        self._log = scratch / f"{'-'.join(names)}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.ports = {name: _free_port() for name in names}

    def start(self) -> Probe:
        addresses = {f"{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{port}" for name, port in self.ports.items()}
        self.environment |= addresses
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.kit.probe", *self._names],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        assert wait_until(self._ready, 40), f"the probe did not start\n{self.log[-5000:]}"
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As the machine's power going: no goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to finish its work; returns its exit status."""
        assert self._process is not None
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def url(self, path: str, name: str | None = None) -> str:
        return f"http://127.0.0.1:{self.ports[name or self._names[0]]}{path}"

    def call(self, method: str, *wishes: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        """What the calling probe got for each wish, all sent at once."""
        response = requests.post(
            self.url("/call", "ocr"),
            json={"method": method, "wishes": wishes},
            headers=headers,
            timeout=60,
        )
        response.raise_for_status()
        outcomes: list[dict[str, Any]] = response.json()
        return outcomes

    def metric(self, line: str) -> float:
        """The value of a metric of the first service, 0 where it was never counted."""
        for found in requests.get(self.url("/metrics"), timeout=10).text.splitlines():
            if found.startswith(f"{line} "):
                return float(found.rpartition(" ")[2])
        return 0.0

    def _ready(self) -> bool:
        assert self.alive, f"the probe ended\n{self.log[-5000:]}"
        try:
            return all(requests.get(self.url("/healthz", name), timeout=5).ok for name in self._names)
        except requests.RequestException:
            return False


@contextlib.contextmanager
def probe(names: tuple[str, ...], environment: Mapping[str, str], scratch: Path) -> Iterator[Probe]:
    """A running probe, stopped at the end."""
    running = Probe(names, environment, scratch).start()
    try:
        yield running
    finally:
        if running.alive:
            running.stop()


class Proxy:
    """A TCP proxy before the broker whose connections can be made to swallow everything."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._swallowing: list[threading.Event] = []
        self._carrying: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def swallow_newest(self) -> None:
        """The connection opened last stays open and hears and says nothing any more."""
        self._swallowing[-1].set()

    @property
    def connections(self) -> int:
        """How many were ever opened."""
        return len(self._swallowing)

    def close(self) -> None:
        """Hang up on everybody."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        for carrying in self._carrying:
            carrying.join()

    def _accept(self) -> None:
        with self._listener, contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._swallowing.append(threading.Event())
                self._carrying.append(
                    threading.Thread(target=self._carry, args=(client, self._swallowing[-1]))
                )
                self._carrying[-1].start()

    def _carry(self, client: socket.socket, swallowing: threading.Event) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        other = {client: server, server: client}
        with client, server, contextlib.suppress(OSError):
            while self._accepting.is_alive():
                for source in select.select([client, server], [], [], 0.2)[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if not swallowing.is_set():
                        other[source].sendall(data)


def empty(database: Database) -> None:
    """Forget everything the probes kept."""
    from tests.integration.kit.tables import metadata

    with database.transaction() as tx:
        for table in metadata.sorted_tables:
            tx.execute(table.delete())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
