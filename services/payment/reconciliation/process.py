"""Reconciliation runs in a process of its own: a million lines read in this one would keep its heartbeats waiting."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from nameko.extensions import DependencyProvider

_COMMAND = (sys.executable, "-W", "ignore", "-m", "services.payment.reconcile", "due")
_STOP_SECONDS = 5.0


class ReconcilerProcess(DependencyProvider):
    """Starts `python -m services.payment.reconcile due` with this process's own environment, one at a time. Ended with
    the service: what it worked on is taken up again once its lease is over."""

    _running: subprocess.Popen[bytes] | None = None

    def get_dependency(self, worker_ctx: Any) -> ReconcilerProcess:
        return self

    def start_reconciling(self) -> None:
        """Take up what is due, unless that is being done."""
        if self._running is None or self._running.poll() is not None:
            self._running = subprocess.Popen(_COMMAND)  # noqa: S603 - our own program, no argument from outside

    def stop(self) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()
            self._running.wait(_STOP_SECONDS)
