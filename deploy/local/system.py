"""Whole systems as context managers, for tests, chaos and benches.

with FullSystem(state, port_base=9000, replicas={"payment": 2}) as system:
    requests.get(system.url)
    system.kill("payment", signal.SIGKILL)
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deploy.broker import MIGRATION
from deploy.foreground import STARTED
from deploy.local.leftovers import stop_leftovers, stop_marked
from deploy.local.process import Daemon, ProcessFailed, wait_until
from deploy.local.servers import Servers
from deploy.local.settings import HOST, LocalSettings, Mode
from deploy.local.supervisor import ROOT, Program, Supervisor
from deploy.topology import SERVICES

START_SECONDS = 90.0
STOP_SECONDS = 40.0


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server on this machine answers a path with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class System(ABC):
    """A running product in a directory of its own, on the ports `port_base` to `port_base + 99`."""

    def __init__(
        self, mode: Mode, state: Path, port_base: int, extra: Mapping[str, str] | None = None
    ) -> None:
        self.settings = LocalSettings.load(mode, state, port_base, extra)
        self.state = self.settings.state

    def __enter__(self) -> Self:
        _leave_in_order()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it works. Raises ProcessFailed with the end of a log."""

    @abstractmethod
    def stop(self) -> None:
        """Stop everything that was started; the data stays."""

    def destroy(self) -> None:
        """Stop, and delete the directory."""
        self.stop()
        shutil.rmtree(self.state, ignore_errors=True)

    @property
    def url(self) -> str:
        return self.settings.url

    @property
    def sandbox_url(self) -> str:
        return self.settings.sandbox_url

    @property
    def env(self) -> dict[str, str]:
        """All variables of all services and the sandbox."""
        return self.settings.everything()

    def set_clock(self, seconds: float) -> None:
        """Move the system's time forward, or back to the machine's with 0."""
        (self.state / "clock-offset").write_text(str(seconds))


class EmbeddedSystem(System):
    """Sandbox and all services in one process, as `scripts/run` starts them."""

    def __init__(self, state: Path, port_base: int) -> None:
        super().__init__(Mode.EMBEDDED, state, port_base)
        self._daemon = Daemon("embedded", self.state)

    def start(self) -> None:
        port = self.settings.ports.base
        command = [sys.executable, "-m", "deploy.embedded", "--state", str(self.state), "--port", str(port)]
        started = self.state / "run" / STARTED
        started.unlink(missing_ok=True)
        self._daemon.start(command, _inherited(), cwd=ROOT)
        self._daemon.wait_ready(started.exists, START_SECONDS)

    def stop(self) -> None:
        self._daemon.stop(STOP_SECONDS)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill the process without warning; `start` starts it again on the same data."""
        self._daemon.kill(number)

    @property
    def pid(self) -> int | None:
        identity = self._daemon.identity
        return identity.pid if identity else None


class FullSystem(System):
    """One process per service under supervisord, with private RabbitMQ and PostgreSQL.

    `replicas` says how many processes a service gets (1 where it is not named);
    `extra` is added to the environment of every process.
    """

    def __init__(
        self, state: Path, port_base: int, replicas: Mapping[str, int] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Mode.FULL, state, port_base, extra)
        self._replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self._servers = Servers(self.state, self.settings.ports)
        self.postgresql = self._servers.postgresql
        self.rabbitmq = self._servers.rabbitmq
        password = self.settings.secrets["SUPERVISOR_PASSWORD"]
        self.supervisor = Supervisor(self.state, self.settings.ports.supervisor, password)

    def start(self) -> None:
        stop_leftovers(self.state)
        self._servers.start()
        self._migrate()
        self.supervisor.start(self._programs())
        self.wait_ready()

    def stop(self) -> None:
        self.supervisor.stop()
        self._servers.stop()

    def revive(self) -> None:
        """Start again what died of RabbitMQ, PostgreSQL and supervisord."""
        for server in (self.postgresql, self.rabbitmq):
            if not server.alive:
                server.start()
        if not self.supervisor.alive:
            stop_marked(self.state)  # its programs lost their keeper
            self.supervisor.start(self._programs())

    def destroy(self) -> None:
        self.stop()
        self._servers.destroy()
        super().destroy()

    def environment(self, service: str) -> dict[str, str]:
        """The variables of one service."""
        return self.settings.service(service)

    def urls(self, service: str) -> list[str]:
        """Where each replica of a service listens."""
        return [f"http://{HOST}:{port}" for port in self._ports(service)]

    def pids(self, name: str) -> list[int]:
        """The running processes of a service, or of the sandbox."""
        return [pid for program, pid in self.supervisor.pids().items() if program.partition("-")[0] == name]

    def kill(self, name: str, number: int = signal.SIGKILL, replica: int = 1) -> bool:
        """Signal a service's process; supervisord starts it again. False when it does not run right now."""
        return self.supervisor.kill(name if name == "sandbox" else f"{name}-{replica}", number)

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until every process answers and every service takes requests from the bus."""
        if not wait_until(lambda: not self.not_ready(), seconds, pause=0.2):
            late = self.not_ready()
            logs = [f"{name}:\n{self._log_tail(name)}" for name in late]
            raise ProcessFailed("\n".join([f"not ready after {seconds:.0f} s: {', '.join(late)}", *logs]))

    def not_ready(self) -> list[str]:
        """The programs that do not answer yet."""
        late = [
            f"{name}-{number}"
            for name in SERVICES
            for number, port in enumerate(self._ports(name), start=1)
            if not answers(port, "/readyz")
        ]
        if not answers(self.settings.ports.sandbox, "/healthz"):
            late.append("sandbox")
        if not late:
            wanted = self._replicas.items()
            late = [f"{name}-1" for name, number in wanted if self.rabbitmq.consumers(name) < number]
        return late

    def _ports(self, service: str) -> list[int]:
        return [self.settings.ports.service(service, n + 1) for n in range(self._replicas[service])]

    def _migrate(self) -> None:
        """Databases and queues, by an account that may do only that."""
        environment = {**_inherited(), **self.env, "AMQP_URI": self.rabbitmq.url(MIGRATION)}
        command = [sys.executable, "-m", "kit.migrate", *SERVICES]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProcessFailed(f"migration failed\n{done.stdout}{done.stderr}")

    def _programs(self) -> list[Program]:
        programs = [Program("sandbox", [sys.executable, "-m", "sandbox"], self.settings.sandbox())]
        for name in SERVICES:
            command = [sys.executable, "-m", "kit.runner", name]
            programs += [
                Program(f"{name}-{number}", command, self.settings.service(name, number))
                for number in range(1, self._replicas[name] + 1)
            ]
        return programs

    def _log_tail(self, program: str) -> str:
        return Daemon(program, self.state).log_tail()


def _leave_in_order() -> None:
    """Let a request to end, or a closed terminal, leave the `with` block instead of cutting it off."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda received, frame: sys.exit(128 + received))


def _inherited() -> dict[str, str]:
    """What a process needs of this one's environment; the rest is composed, never inherited."""
    names = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE")
    return {name: os.environ[name] for name in names if name in os.environ}
