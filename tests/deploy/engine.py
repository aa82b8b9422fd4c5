"""The container engine, by its socket where something is only asked, and by the command lines of it and its compose."""

from __future__ import annotations

import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parents[2]


_PROFILES = ("--profile", "sandbox", "--profile", "observability")


class EngineFailed(Exception):
    """A command of the engine did not end well; the message is what it said."""


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, given: str | None = None
) -> str:
    """What a command printed. Raises EngineFailed."""
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, cwd=ROOT, input=given,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise EngineFailed(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


class _Socket(http.client.HTTPConnection):
    """The engine's own, as its command line asks it; a process of that for every question takes what is tried here."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(
            os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
        )


def ask(path: str) -> Any:
    """What the engine answers. Raises EngineFailed."""
    connection = _Socket("engine", timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        told = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise EngineFailed(f"GET {path}: {answer.status} {told.decode()}")
    return json.loads(told)


@dataclass(frozen=True)
class Project:
    """One project of compose: its files, and the variables they ask for."""

    name: str
    files: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def compose(self, *arguments: str, given: str | None = None) -> str:
        """`docker compose …` of this project."""
        command = [*_compose(), "--project-name", self.name, *_PROFILES]
        for file in self.files:
            command += ["--file", file]
        return run([*command, *arguments], self.variables, given)

    def containers(self, service: str = "") -> list[Container]:
        """The running containers of a service, or all, in the order they were started."""
        labels = [f"com.docker.compose.project={self.name}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        found = ask("/containers/json?filters=" + quote(json.dumps({"label": labels})))
        return [Container(one["Id"], one) for one in reversed(found)]


@dataclass(frozen=True)
class Container:
    """A container by its id, and as it was listed."""

    id: str
    listed: Any = field(repr=False, compare=False)

    @property
    def state(self) -> Any:
        return self._inspected()["State"]

    @property
    def exit_code(self) -> int:
        return int(self.state["ExitCode"])

    @property
    def pid(self) -> int:
        """Its first process, as this machine counts; 0 when it does not run."""
        return int(self.state["Pid"])

    @property
    def user(self) -> int:
        """Whom its first process belongs to."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("Uid:")[2].split()[0])

    @property
    def locked(self) -> bool:
        """Whether its root can only be read, and it has no capability and gets none."""
        given = self._inspected()["HostConfig"]
        may_not = "no-new-privileges:true" in (given["SecurityOpt"] or ())
        return given["ReadonlyRootfs"] is True and given["CapDrop"] == ["ALL"] and may_not

    @property
    def published(self) -> set[str]:
        """The addresses of this machine it is reached by from outside."""
        return {f"{one['IP']}:{one['PublicPort']}" for one in self.listed["Ports"] if "PublicPort" in one}

    @property
    def service(self) -> str:
        return str(self.listed["Labels"]["com.docker.compose.service"])

    @property
    def name(self) -> str:
        return str(self.listed["Names"][0]).removeprefix("/")

    def address(self, network: str = "inner") -> str:
        """Where this machine reaches it: an internal network has no way out, but its machine has one in."""
        networks = self.listed["NetworkSettings"]["Networks"]
        return next(str(net["IPAddress"]) for name, net in networks.items() if name.endswith(f"_{network}"))

    def execute(self, *command: str, user: str | None = None) -> str:
        """Run a command inside."""
        return run(["docker", "exec", *(("--user", user) if user else ()), self.id, *command])

    def crash(self) -> None:
        """Kill its first process from outside, as the kernel does; the engine starts it again by its own rule."""
        os.kill(self.pid, signal.SIGKILL)

    def kill_for_good(self) -> None:
        """Kill it and leave it dead, as with its machine."""
        run(["docker", "kill", self.id])

    def _inspected(self) -> Any:
        return ask(f"/containers/{self.id}/json")


@functools.cache
def _compose() -> list[str]:
    try:
        run(["docker", "compose", "version"])
    except EngineFailed:
        if shutil.which("docker-compose") is None:
            raise
        return ["docker-compose"]
    return ["docker", "compose"]
