"""What an instance that was killed left running: found by its record or its mark, stopped by number and start
time. Nothing is ever found by name."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from deploy.local.process import Daemon, Identity, wait_until
from deploy.local.settings import INSTANCE, Mode


def main_process(state: Path) -> Identity | None:
    """The process, other than this one, that runs the instance in this directory."""
    running = [Daemon(mode, state).identity for mode in Mode]
    return next((identity for identity in running if identity and identity.pid != os.getpid()), None)


def stop_leftovers(state: Path) -> int:
    """Stop every process of the instance in this directory, servers last; returns how many there were."""
    stopped = 0
    if running := main_process(state):
        # It stops what it started; the steps below are for what it could not.
        stopped += _stop_all([running])
    stopped += _stop(Daemon("supervisor", state))
    stopped += stop_marked(state)
    stopped += _stop(Daemon("rabbitmq", state))
    stopped += _stop(Daemon("epmd", state))
    stopped += _stop(Daemon("postgresql", state, stop_signal=signal.SIGINT))
    return stopped


def marked(state: Path) -> list[Identity]:
    """Processes other than this one whose environment names the instance in this directory."""
    wanted = f"{INSTANCE}={state.resolve()}".encode()
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = [Identity.of(number) for number in numbers if number != os.getpid() and _carries(number, wanted)]
    return [identity for identity in found if identity]


def stop_marked(state: Path) -> int:
    """Stop the services and the sandbox of this instance, wherever they hang; returns how many there were."""
    return _stop_all(marked(state))


def _stop(daemon: Daemon) -> int:
    was_alive = daemon.alive
    daemon.stop(40)
    return int(was_alive)


def _stop_all(found: list[Identity]) -> int:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for identity in found:
            identity.signal(number)
        if wait_until(lambda: not any(identity.alive for identity in found), 40):
            break
    return len(found)


def _carries(number: int, wanted: bytes) -> bool:
    try:
        return wanted in Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or somebody else's
        return False
