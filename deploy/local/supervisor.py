"""One process per service under supervisord: restarted when it dies, logging to a file of its own."""

from __future__ import annotations

import os
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.process import STARTS_WITHIN, Daemon, Identity

ROOT = Path(__file__).parents[2]
_USER = "operator"
_GROUP = "product"
"""supervisord stops group after group; the members of one are stopped side by side."""

_MAIN = """\
[supervisord]
nodaemon=true
logfile={state}/log/supervisord.log
pidfile={state}/run/supervisord.pid
childlogdir={state}/log
minfds=1024
[inet_http_server]
port=127.0.0.1:{port}
username={user}
password={password}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[group:{group}]
programs={programs}
"""

# A service that cannot reach its servers exits and is started again, a second later each time: it must
# never be given up while the servers are away, hence the number of tries.
_PROGRAM = """\
[program:{name}]
command={command}
directory={root}
environment={environment}
autorestart=true
startsecs=2
startretries=100000
stopsignal=TERM
stopwaitsecs=20
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={state}/log/{name}.log
stdout_logfile_maxbytes=50MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True)
class Program:
    """A process to keep running. `environment` is all it gets beside PATH, HOME and LANG."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


class Supervisor:
    """supervisord with its configuration in the state directory."""

    def __init__(self, state: Path, port: int, password: str) -> None:
        self._state = state.resolve()
        self._port = port
        self._password = password
        self._daemon = Daemon("supervisor", state)

    @property
    def alive(self) -> bool:
        return self._daemon.alive

    def start(self, programs: Sequence[Program]) -> None:
        """Start all programs; returns when supervisord answers, not when the programs are ready."""
        configuration = self._state / "supervisord.conf"
        configuration.unlink(missing_ok=True)
        configuration.touch(0o600)
        configuration.write_text(self._configuration(programs))
        (self._state / "log").mkdir(exist_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._daemon.start(command, {**inherited, "PYTHONUNBUFFERED": "1"}, cwd=ROOT)
        self._daemon.wait_ready(self._answers, STARTS_WITHIN)

    def stop(self) -> None:
        """Stop all programs, then supervisord."""
        self._daemon.stop(40)

    def pids(self) -> dict[str, int]:
        """The process number of every running program, by program name."""
        return {info["name"]: info["pid"] for info in self.programs() if info["pid"]}

    def programs(self) -> list[dict[str, Any]]:
        """What supervisord knows of each program: name, statename, pid, spawnerr, …"""
        return list(self._call("getAllProcessInfo"))

    def kill(self, program: str, number: int) -> bool:
        """Send a signal to a program's process, past supervisord; False when it does not run right now."""
        pid = self.pids().get(program)
        identity = Identity.of(pid) if pid else None
        return identity is not None and identity.signal(number)

    def stop_program(self, program: str) -> None:
        """Stop one program and keep it stopped."""
        self._call("stopProcess", f"{_GROUP}:{program}")

    def start_program(self, program: str) -> None:
        """Start one program that was stopped."""
        self._call("startProcess", f"{_GROUP}:{program}", False)

    def _call(self, method: str, *arguments: Any) -> Any:
        # A proxy of its own for every call: its connection may not be shared between threads.
        url = f"http://{_USER}:{self._password}@127.0.0.1:{self._port}/RPC2"
        with xmlrpc.client.ServerProxy(url) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def _configuration(self, programs: Sequence[Program]) -> str:
        main = _MAIN.format(
            state=self._state, port=self._port, user=_USER, password=self._password,
            group=_GROUP, programs=",".join(program.name for program in programs),
        )  # fmt: skip
        return main + "".join(self._section(program) for program in programs)

    def _section(self, program: Program) -> str:
        environment = ",".join(f'{name}="{_escape(value)}"' for name, value in program.environment.items())
        command = " ".join(_escape(part) for part in program.command)
        return _PROGRAM.format(
            name=program.name, command=command, root=ROOT, environment=environment, state=self._state
        )


def _escape(value: str) -> str:
    return value.replace("%", "%%")
