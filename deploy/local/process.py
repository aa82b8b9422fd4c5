"""Background processes that are known by more than their number.

A process is recorded with its start time and the machine's boot, so that a number reused by somebody else's
process is never signalled.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

STARTS_WITHIN = 300
"""Seconds a server may take to start. It only bounds hanging: Erlang starts slowly where others work."""


class ProcessFailed(Exception):
    """A process ended, or never became ready; the message holds the end of its log."""


@dataclass(frozen=True)
class Identity:
    """One process of one boot of this machine."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that runs under this number now; None when there is none.

        A zombie counts as none, but only once its other threads, which may still hold ports and files, are gone.
        """
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The command name may hold spaces and brackets; the fields after it do not.
        fields = stat.rpartition(")")[2].split()
        state, threads, started = fields[0], int(fields[17]), int(fields[19])
        ended = state == "X" or (state == "Z" and threads <= 1)
        return None if ended else cls(pid, started, _boot())

    @property
    def alive(self) -> bool:
        return Identity.of(self.pid) == self

    def signal(self, number: int) -> bool:
        """Signal this process; False when it is gone."""
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for the end; False when it still runs after that time."""
        return wait_until(lambda: not self.alive, seconds)

    def stand_still(self, seconds: float = 10.0) -> bool:
        """Stop the process until SIGCONT; False when a thread still runs after that time.

        The signal alone is no proof: threads that run on other processors stop a moment later.
        """
        return self.signal(signal.SIGSTOP) and wait_until(lambda: self._states() <= {"T"}, seconds)

    def _states(self) -> set[str]:
        tasks = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return {stat.read_text().rpartition(")")[2].split()[0] for stat in tasks}


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Whether the condition became true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def port_free(port: int) -> bool:
    """Whether a loopback port can be listened on now (one that lingers after a close counts as free)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_base(ports: int = 100) -> int:
    """The first of so many consecutive free ports, below those the system hands out by itself."""
    bases = list(range(20_000, 32_000, ports))
    random.shuffle(bases)
    for base in bases:
        if all(port_free(port) for port in range(base, base + ports)):
            return base
    raise ProcessFailed(f"no {ports} consecutive free ports")


class Daemon:
    """One background process, recorded in `<state>/run/<name>.json`, logging to `<state>/log/<name>.log`."""

    def __init__(self, name: str, state: Path, stop_signal: int = signal.SIGTERM) -> None:
        self.name = name
        self.record = state / "run" / f"{name}.json"
        self.log = state / "log" / f"{name}.log"
        self._stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def identity(self) -> Identity | None:
        """The running process, also one that an earlier start left behind."""
        self._reap()
        try:
            recorded = Identity(**json.loads(self.record.read_text()))
        except FileNotFoundError:
            return None
        return recorded if recorded.alive else None

    @property
    def alive(self) -> bool:
        return self.identity is not None

    def start(
        self, command: Sequence[str], env: Mapping[str, str], user: str | None = None, cwd: Path | None = None
    ) -> None:
        """Start in a session of its own, so that a Ctrl-C in the terminal reaches only who started it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._reap()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command, env=dict(env), user=user, group=user, extra_groups=[] if user else None,
                cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._record(self._child.pid)

    def record_self(self) -> None:
        """Record the present process under this name."""
        self._record(os.getpid())

    def _record(self, pid: int) -> None:
        identity = Identity.of(pid)
        if identity is None:
            raise ProcessFailed(f"{self.name} ended at once\n{self.log_tail()}")
        self.record.parent.mkdir(parents=True, exist_ok=True)
        written = self.record.with_suffix(
            f".{os.getpid()}"
        )  # parent and child both record, and somebody reads
        written.write_text(json.dumps(asdict(identity)))
        written.replace(self.record)

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready. Raises ProcessFailed when it ends before that or takes too long."""
        if not wait_until(lambda: not self.alive or ready(), seconds):
            raise ProcessFailed(f"{self.name} was not ready after {seconds:.0f} s\n{self.log_tail()}")
        if not self.alive:
            raise ProcessFailed(f"{self.name} ended before it was ready\n{self.log_tail()}")

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end; kill it when it does not. Nothing happens when it does not run."""
        identity = self.identity
        if identity and identity.signal(self._stop_signal) and not self._gone(identity, seconds):
            identity.signal(signal.SIGKILL)
            self._gone(identity, seconds)
        self.record.unlink(missing_ok=True)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal it without warning and wait for its end when the signal is SIGKILL."""
        identity = self.identity
        if identity and identity.signal(number) and number == signal.SIGKILL:
            self._gone(identity, 10)

    def _gone(self, identity: Identity, seconds: float) -> bool:
        gone = wait_until(lambda: self.identity != identity, seconds)
        if gone and self._child is not None and self._child.pid == identity.pid:
            self._child.wait()
        return gone

    def _reap(self) -> None:
        """A dead child lingers as a zombie until somebody asks for its status."""
        if self._child is not None:
            self._child.poll()

    def log_tail(self, lines: int = 20) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""
