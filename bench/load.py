"""HTTP load from wrk, each request sent once; and a scratch system to send it to."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import free_base
from deploy.local.system import FullSystem

CONNECTIONS = 32


@dataclass(frozen=True)
class Request:
    """One request; neither header values nor the body may hold tabs or line ends."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str

    def line(self) -> str:
        headers = "|".join(f"{name}:{value}" for name, value in self.headers.items())
        return f"{self.method}\t{self.path}\t{headers}\t{self.body}\n"


@dataclass(frozen=True)
class Outcome:
    """What wrk saw: latencies in milliseconds."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50: float
    p95: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class LoadFailed(Exception):
    """Some requests were refused or broke off: the figures would mean nothing."""


def send(url: str, requests: Iterable[Request], seconds: int) -> Outcome:
    """Send requests over CONNECTIONS connections for some seconds. Raises LoadFailed."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(request.line() for request in requests)
        file.flush()
        script = str(Path(__file__).with_name("load.lua"))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", script, url]
        environment = {**os.environ, "BENCH_REQUESTS": file.name}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        outcome = Outcome(**json.loads(done.stdout.splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        raise LoadFailed(done.stdout + done.stderr) from None
    if outcome.refused or outcome.broken:
        raise LoadFailed(f"{outcome.refused} refused, {outcome.broken} broken off of {outcome.requests}")
    return outcome


@contextlib.contextmanager
def scratch_system(
    extra: Mapping[str, str] | None = None, replicas: Mapping[str, int] | None = None
) -> Iterator[FullSystem]:
    """The product in full mode, one process per service where `replicas` does not say more; gone afterwards."""
    state = Path(tempfile.mkdtemp(prefix="contribution-bench-"))
    state.chmod(0o711)  # PostgreSQL runs as another user
    # As in production: no clock that tests can move.
    system = FullSystem(state, free_base(), replicas, extra={"CLOCK_OFFSET_FILE": "", **(extra or {})})
    try:
        with system:
            yield system
    finally:
        system.destroy()
        shutil.rmtree(state, ignore_errors=True)
