"""The worker processes and the queue before them: `workers = WorkerPool()`.

Reading a card keeps a core busy for a second and yields to nobody, so it is done in processes of their own: the bus
heartbeat and other requests never wait for it (design.md §6). Who finds the queue full is told so at once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import math
import os
import socket
import subprocess
import sys
import time
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from contract import schema
from contract.errors import ContractError
from contract.ocr import CardReading, CardSide, OcrBusy
from services.ocr.config import Config
from services.ocr.wire import receive, send

_START_SECONDS = 60
_HASTE = 0.2  # how much of a new time the usual one takes on

_log = logging.getLogger(__name__)


class Worker:
    """One process with its end of the socket."""

    def __init__(self, engine: str, threads: int) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by argument list
                [sys.executable, "-m", "services.ocr.worker", str(theirs.fileno()), engine, str(threads)],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=_environment(threads),
            )  # fmt: skip
        with eventlet.Timeout(_START_SECONDS, False):
            if receive(self._socket) is not None:
                return
        self.end()
        raise RuntimeError(f"the {engine} engine does not start; is requirements-ocr.txt installed?")

    def read(self, asked: dict[str, Any], photo: bytes) -> dict[str, Any] | None:
        """The answer, or None when the process is gone."""
        try:
            send(self._socket, json.dumps(asked).encode())
            send(self._socket, photo)
            answer = receive(self._socket)
        except OSError:
            return None
        return None if answer is None else json.loads(answer)

    def end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _environment(threads: int) -> dict[str, str]:
    """What a worker needs of ours, which is no secret of the service's."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return kept | {"OMP_THREAD_LIMIT": str(threads), "PYTHONDONTWRITEBYTECODE": "1"}


class Workers:
    """So many processes, started when they are first needed, and so many requests that may wait for them."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._free = Semaphore(settings.workers)
        self._idle: list[Worker] = []
        self._inside = 0
        self._usual_seconds = 1.5

    def read(self, photo: bytes, side: CardSide | None, today: dt.date) -> CardReading:
        """The card in a photo. Raises OcrBusy, and whatever is wrong with the photo."""
        if self._inside >= self._settings.workers + self._settings.room:
            raise OcrBusy(retry_after=self._seconds_ahead())
        self._inside += 1
        try:
            with (
                eventlet.Timeout(self._settings.seconds, OcrBusy(retry_after=self._seconds_ahead())),
                self._free,
            ):
                return self._with_worker(
                    {"side": side.value if side else "", "today": today.isoformat()}, photo
                )
        finally:
            self._inside -= 1

    def _with_worker(self, asked: dict[str, Any], photo: bytes) -> CardReading:
        worker = self._idle.pop() if self._idle else self._started()
        begun = time.monotonic()
        answer = None
        try:
            answer = worker.read(asked, photo)
        finally:
            # A worker that was given up on may still be at its photo, and one that died is of no more use.
            if answer is None:
                worker.end()
            else:
                self._idle.append(worker)
        self._usual_seconds += (time.monotonic() - begun - self._usual_seconds) * _HASTE
        if answer is None:
            _log.error("a worker process died while it read a photo")
            raise ContractError
        if "error" in answer:
            raise ContractError.of(answer["error"], "", {})
        return schema.load(CardReading, answer["reading"])

    def _started(self) -> Worker:
        try:
            return Worker(self._settings.engine, self._settings.threads)
        except RuntimeError:
            _log.exception("no card can be read")
            raise ContractError from None

    def start(self) -> None:
        """Have every process ready before the first photo comes; without one, every photo says so again."""
        with contextlib.suppress(ContractError):
            while len(self._idle) < self._settings.workers - self._inside:
                self._idle.append(self._started())

    def end(self) -> None:
        while self._idle:
            with contextlib.suppress(OSError):
                self._idle.pop().end()

    def _seconds_ahead(self) -> int:
        return max(1, math.ceil(self._inside / self._settings.workers * self._usual_seconds))


class WorkerPool(DependencyProvider):
    """Gives workers of the service the Workers. On the memory bus, where the whole product starts in one process, the
    processes start with the first photo."""

    def setup(self) -> None:
        settings: Config = self.container.config["settings"]
        self._workers = Workers(settings)
        if not settings.memory_bus:
            eventlet.spawn_n(self._workers.start)

    def stop(self) -> None:
        self._workers.end()

    def get_dependency(self, worker_ctx: Any) -> Workers:
        return self._workers
