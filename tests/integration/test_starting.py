"""What `scripts/run` does: starts, says where to go, stops without a trace, comes back after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.foreground import STARTED
from deploy.local.leftovers import marked, stop_leftovers
from deploy.local.process import Daemon, free_base, port_free, wait_until
from deploy.local.settings import Mode
from deploy.local.system import answers
from deploy.topology import SERVICES, Ports

START_SECONDS = 180


@contextmanager
def _started(mode: Mode, state: Path, ports: Ports) -> Iterator[subprocess.Popen[str]]:
    """`scripts/run` in a terminal of its own, after its last line before running."""
    run = _run(mode, state, ports)
    try:
        if not wait_until((state / "run" / STARTED).exists, START_SECONDS):
            pytest.fail(f"{mode} did not start")
        yield run
    finally:
        run.kill()
        run.communicate()
        stop_leftovers(state)


def _run(mode: Mode, state: Path, ports: Ports, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        f"deploy.{mode}",
        "--state",
        str(state),
        "--port",
        str(ports.base),
        *options,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def ports() -> Ports:
    return Ports(free_base())


@pytest.fixture
def state(scratch: Path, request: pytest.FixtureRequest) -> Path:
    path: Path = scratch / request.node.name
    path.mkdir(mode=0o711)
    return path


def test_embedded_says_where_to_go_and_stops_at_ctrl_c(state: Path, ports: Ports) -> None:
    with _started(Mode.EMBEDDED, state, ports) as run:
        assert all(answers(ports.service(name), "/readyz") for name in SERVICES)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=30)
    assert run.returncode == 0
    for words in (
        f"http://127.0.0.1:{ports.service('gateway')}",
        "/sms",
        "韦秀兰",
        "450103197806122040",
        "Ctrl-C",
    ):
        assert words in said
    assert said.endswith("已停止，数据已保留。\n")
    assert marked(state) == []


def test_embedded_starts_again_after_a_kill_with_the_same_data(state: Path, ports: Ports) -> None:
    with _started(Mode.EMBEDDED, state, ports) as run:
        before = {path.name: path.read_bytes() for path in state.glob("secrets.env")}
        run.kill()
        run.wait()
        (state / "run" / STARTED).unlink()
        with _started(Mode.EMBEDDED, state, ports):
            assert answers(ports.service("gateway"), "/readyz")
    assert before == {path.name: path.read_bytes() for path in state.glob("secrets.env")}


def test_a_second_start_in_the_same_directory_is_refused(state: Path, ports: Ports) -> None:
    with _started(Mode.EMBEDDED, state, ports) as first:
        second = _run(Mode.EMBEDDED, state, Ports(free_base()))
        said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"系统已经在运行（进程 {first.pid}" in said
        assert answers(ports.service("gateway"), "/healthz")


def test_a_taken_port_is_named_and_nothing_is_started(scratch: Path, state: Path, ports: Ports) -> None:
    other = scratch / "other"
    with _started(Mode.EMBEDDED, state, ports):
        refused = _run(Mode.EMBEDDED, other, ports)
        said, _ = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert f"端口 {ports.service('gateway')}、" in said
    assert "scripts/run --port" in said
    assert not list(other.glob("*.sqlite3"))


def test_stop_ends_what_runs_in_a_directory(state: Path, ports: Ports) -> None:
    with _started(Mode.EMBEDDED, state, ports) as run:
        stop = _run(Mode.EMBEDDED, state, ports, "--stop")
        said, _ = stop.communicate(timeout=60)
        assert "已停止 1 个进程" in said
        assert run.wait(10) == 0


@pytest.mark.timeout(240)
def test_full_heals_itself_and_leaves_nothing_behind(state: Path, ports: Ports) -> None:
    with _started(Mode.FULL, state, ports) as run:
        for name in ("rabbitmq", "postgresql", "supervisor"):
            _kill_and_see_it_come_back(Daemon(name, state))
        assert wait_until(lambda: all(answers(ports.service(name), "/readyz") for name in SERVICES), 60)
        run.kill()  # nobody is left to stop the rest
        run.wait()
        assert len(marked(state)) > len(SERVICES)
        stop = _run(Mode.FULL, state, ports, "--stop")
        stop.communicate(timeout=90)
    assert marked(state) == []
    assert all(port_free(port) for port in range(ports.base, ports.base + 100))


def _kill_and_see_it_come_back(daemon: Daemon) -> None:
    killed = daemon.identity
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    assert wait_until(lambda: daemon.alive and daemon.identity != killed, 60), f"{daemon.name} stayed away"
