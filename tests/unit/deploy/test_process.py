"""Background processes are signalled only when they are the ones that were started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from deploy.local.leftovers import marked, stop_leftovers
from deploy.local.process import Daemon, Identity, ProcessFailed, port_free
from deploy.local.settings import INSTANCE

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable, "-uc",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)",
]  # fmt: skip


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon("sleeper", tmp_path)
    yield made
    made.kill()


def test_a_daemon_is_found_again_by_its_record(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(SLEEP, {})
    assert Daemon("sleeper", tmp_path).identity == daemon.identity
    assert daemon.identity is not None


def test_stop_ends_it(daemon: Daemon) -> None:
    daemon.start(SLEEP, {})
    identity = daemon.identity
    daemon.stop()
    assert identity is not None
    assert not identity.alive
    assert not daemon.alive


def test_stop_kills_what_does_not_listen(daemon: Daemon) -> None:
    daemon.start(STUBBORN, {})
    daemon.wait_ready(lambda: "up" in daemon.log_tail(), 10)
    daemon.stop(seconds=0.2)
    assert not daemon.alive


def test_a_reused_process_number_is_never_signalled(daemon: Daemon) -> None:
    bystander = subprocess.Popen(SLEEP)
    try:
        theirs = Identity.of(bystander.pid)
        assert theirs is not None
        daemon.record.parent.mkdir()
        daemon.record.write_text(json.dumps(asdict(replace(theirs, started=theirs.started - 1))))
        assert not daemon.alive
        daemon.stop()
        daemon.kill()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_early_end_is_reported_with_the_log(daemon: Daemon) -> None:
    daemon.start([sys.executable, "-c", "print('no such table'); raise SystemExit(3)"], {})
    with pytest.raises(ProcessFailed, match="no such table"):
        daemon.wait_ready(lambda: False, 10)


def test_slowness_is_reported_as_such(daemon: Daemon) -> None:
    daemon.start(SLEEP, {})
    with pytest.raises(ProcessFailed, match="was not ready after"):
        daemon.wait_ready(lambda: False, 0.2)


def test_leftovers_are_those_that_carry_the_instance(tmp_path: Path) -> None:
    ours = subprocess.Popen(SLEEP, env={INSTANCE: str(tmp_path)})
    neighbour = subprocess.Popen(SLEEP, env={INSTANCE: f"{tmp_path}-2"})
    try:
        assert [identity.pid for identity in marked(tmp_path)] == [ours.pid]
        assert stop_leftovers(tmp_path) == 1
        assert ours.wait(10) == -signal.SIGTERM
        assert neighbour.poll() is None
    finally:
        for process in (ours, neighbour):
            process.kill()
            process.wait()


def test_a_process_never_counts_as_its_own_leftover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTANCE, str(tmp_path))
    assert os.getpid() not in {identity.pid for identity in marked(tmp_path)}


def test_a_taken_port_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not port_free(port)
    assert port_free(port)
