"""Carrying out a plan's faults while people travel, and timing how long the system takes to recover from each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from deploy.local.process import wait_until
from deploy.local.system import FullSystem, answers
from tests.chaos.plan import Act, Fault, Plan

_LONGEST = 90.0


@dataclass(frozen=True)
class Incident:
    """A fault that was carried out `at` so many seconds into the load; `recovered` after so many, None if never."""

    fault: Fault
    at: float
    recovered: float | None


class Saboteur:
    """Runs beside the crowd; `begun` says how many journeys have begun."""

    def __init__(self, plan: Plan, system: FullSystem, begun: Callable[[], int]) -> None:
        self._plan, self._system, self._begun = plan, system, begun
        self._started = time.monotonic()
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._watchers = ThreadPoolExecutor(8)

    def start(self) -> None:
        self._started = time.monotonic()
        self._work = self._pool.submit(self._run)

    def finish(self) -> list[Incident]:
        """Carry out what is left of the plan at once; returns everything that was done, in order."""
        self._over.set()
        return self._work.result()

    def _run(self) -> list[Incident]:
        watched = []
        for fault in self._plan.faults:
            while self._begun() < fault.after and not self._over.is_set():
                time.sleep(0.05)
            time.sleep(fault.delay)
            at = time.monotonic()
            self._do(fault)
            watched.append((fault, at, self._watchers.submit(self._recovery, fault, at)))
        return [Incident(fault, at - self._started, recovery.result()) for fault, at, recovery in watched]

    def _do(self, fault: Fault) -> None:
        if fault.act is Act.KILL:
            # A worker that is only just being started has no number yet.
            if not wait_until(lambda: self._system.kill(fault.target, replica=fault.replica), 60, pause=0.2):
                raise RuntimeError(f"{fault.name} does not run and is not started again")
            return
        server = self._system.rabbitmq if fault.target == "rabbitmq" else self._system.postgresql
        if fault.act is Act.RESTART:
            server.restart()
        else:
            server.kill()
            server.start()

    def _recovery(self, fault: Fault, since: float) -> float | None:
        time.sleep(0.2)  # a signal needs a moment
        if not wait_until(lambda: self._well(fault), _LONGEST, pause=0.2):
            return None
        return time.monotonic() - since

    def _well(self, fault: Fault) -> bool:
        if fault.act is not Act.KILL:
            return not self._system.not_ready()
        port = urlsplit(self._system.urls(fault.target)[fault.replica - 1]).port
        return port is not None and answers(port, "/readyz")
