"""Contribution in processes of its own beside a sandbox, and residents who come all at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from deploy.local.process import wait_until
from sandbox.settings import DEMO_CREDENTIALS
from tests.factories.keys import KEYS, QUOTE_KEYS, STAFF_KEYS

ROOT = Path(__file__).parents[3]


class Replica:
    """One process of the contribution service."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url, self._log = f"http://{address}", log
        self.environment = {
            **KEYS, "QUOTE_KEYS": QUOTE_KEYS, "CONTRIBUTION_STAFF_KEYS": STAFF_KEYS,
            "PATH": os.environ["PATH"], "ENVIRONMENT": "development",
            **{name: DEMO_CREDENTIALS[name] for name in ("TAXBANK_APP_ID", "TAXBANK_APP_KEY")},
            "CONTRIBUTION_HTTP_ADDRESS": address, **environment,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Replica:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "kit.runner", "contribution"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        assert wait_until(self._ready, 40), self._log.read_text()[-4000:]
        return self

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def metric(self, line: str) -> float:
        """The value of a metric, 0 where it was never counted."""
        for found in requests.get(f"{self.url}/metrics", timeout=10).text.splitlines():
            if found.startswith(f"{line} "):
                return float(found.rpartition(" ")[2])
        return 0.0

    def _ready(self) -> bool:
        assert self.alive, self._log.read_text()[-4000:]
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        return False


class Residents:
    """The process of `bench.journeys`."""

    def __init__(self, amqp_uri: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bench.journeys"], cwd=ROOT, text=True,
            env={"PATH": os.environ["PATH"], "AMQP_URI": amqp_uri}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._pool = ThreadPoolExecutor(1)
        assert self._process.stdout is not None and self._process.stdout.readline() == "ready\n"

    def go(self, people: Sequence[Mapping[str, str]], year: int) -> Future[list[dict[str, Any]]]:
        """Everybody sets off now; how each fared, once all are back."""
        return self._pool.submit(self._go, {"people": list(people), "year": year, "place": False})

    def _go(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        fared: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return fared

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._pool.shutdown()


@contextlib.contextmanager
def residents(amqp_uri: str) -> Iterator[Residents]:
    """People who call; gone at the end."""
    everybody = Residents(amqp_uri)
    try:
        yield everybody
    finally:
        everybody.close()
