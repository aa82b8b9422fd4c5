"""The product in containers, read past its services: what the audit and the people of tests/chaos ask for."""

from __future__ import annotations

import shutil
import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
import requests

from deploy.containers import Places, write
from deploy.local.process import wait_until
from deploy.topology import SERVICES
from tests.chaos.trial import LIMITS
from tests.deploy.engine import Container, EngineFailed, Project
from tests.deploy.watching import Watcher

SINGLE = ("docker-compose.yml",)
CLUSTER = (*SINGLE, "docker-compose.cluster.yml")
_READY_SECONDS = 600.0


class Stack:
    """A project in an empty directory, with the sandbox as its outside world. Also what `Books` reads."""

    def __init__(self, directory: Path, name: str, files: tuple[str, ...], port: int) -> None:
        self.directory = directory
        self.clustered = files == CLUSTER
        self.project = Project(
            name, files,
            {
                "SECRETS": str(directory), "PROXY_ADDRESS": f"127.0.0.1:{port}", "SANDBOX_PORT": str(port + 1),
                "CONSOLE_ADDRESS": f"127.0.0.1:{port + 2}", "PROMETHEUS_ADDRESS": f"127.0.0.1:{port + 3}",
            },
        )  # fmt: skip
        host = "balancer" if self.clustered else ""
        self.places = Places(
            f"https://localhost:{port}", f"https://sandbox.localhost:{port + 1}",
            f"https://localhost:{port + 2}", host or "rabbitmq", host or "postgresql",
        )  # fmt: skip
        self.url, self.sandbox_url = self.places.public_url, self.places.sandbox_url
        self.watcher = Watcher(f"http://127.0.0.1:{port + 3}")
        self.postgresql, self.rabbitmq = Postgresql(self), RabbitMQ(self)
        self.replicas = dict.fromkeys(SERVICES, 1)

    @property
    def env(self) -> Mapping[str, str]:
        """What the audit must know of the settings."""
        lines = (self.directory / "secrets.env").read_text().splitlines()
        secrets = dict(line.split("=", 1) for line in lines)
        return {**secrets, "SMS_TEMPLATES": "services/notify/templates.json"}

    def up(self) -> None:
        """Everything from nothing."""
        write(self.directory, self.places)
        self._raise_limits()
        options = ("--scale", "balancer=2") if self.clustered else ()
        self.project.compose("up", "--detach", "--no-build", *options)
        self.wait_ready()

    def scale(self, **replicas: int) -> None:
        """So many replicas of some services; nothing else is touched."""
        self.replicas |= replicas
        numbers = [part for name, number in replicas.items() for part in ("--scale", f"{name}={number}")]
        self.project.compose(
            "up", "--detach", "--no-build", "--no-deps", "--no-recreate", *numbers, *replicas
        )

    def down(self) -> None:
        """Nothing of it is left, data included."""
        self.project.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Until every replica can do its work and the door is open. Raises EngineFailed."""
        if not wait_until(lambda: not self.not_ready(), seconds, pause=0.5):
            raise EngineFailed(f"not ready after {seconds:.0f} s: {', '.join(self.not_ready())}")

    def wait_standby(self, seconds: float = _READY_SECONDS) -> None:
        """Until the second database has all that the first commits. Raises EngineFailed."""
        statement = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        if not wait_until(lambda: bool(self.postgresql.run(statement)), seconds, pause=1):
            raise EngineFailed(f"no synchronous standby after {seconds:.0f} s")

    def not_ready(self) -> list[str]:
        """The services with fewer replicas that can work than there should be."""
        ready = Counter(one.service for one in self.project.containers() if self._can_work(one))
        late = [name for name, wanted in self.replicas.items() if ready[name] < wanted]
        if not _answers(f"{self.url}/api/v1/openapi.json") or not _answers(f"{self.sandbox_url}/healthz"):
            late.append("proxy or sandbox")
        if not _answers(f"{self.places.console_url}/login"):
            late.append("console's proxy")
        if not _answers(f"{self.watcher.url}/-/ready"):
            late.append("prometheus")
        return late

    def _can_work(self, container: Container) -> bool:
        return container.service in SERVICES and _answers(f"http://{container.address()}:8000/readyz")

    def _raise_limits(self) -> None:
        for name in SERVICES:
            file = self.directory / f"{name}.env"
            more = "".join(
                f"{key}={value}\n" for key, value in LIMITS.items() if key.startswith(name.upper())
            )
            file.chmod(0o600)
            file.write_text(file.read_text() + more)


class Postgresql:
    """The database that leads, as its administrator."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def container(self) -> Container:
        """Who leads now. Raises EngineFailed while nobody does."""
        ((address,),) = self.run("SELECT host(inet_server_addr())")
        return next(one for one in self._members() if one.address() == address)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement and return its rows. Raises EngineFailed while nobody leads."""
        place = self._stack.directory / "administrator"
        try:
            connection = psycopg2.connect(
                host=",".join(one.address() for one in self._members()), target_session_attrs="primary",
                dbname=database, user="postgres", password=(place / "administrator").read_text(), connect_timeout=30,
                sslmode="verify-ca", sslrootcert=str(place / "ca.crt"), sslcert=str(place / "postgres.crt"),
                sslkey=str(place / "postgres.key"),
            )  # fmt: skip
        except psycopg2.OperationalError as error:
            raise EngineFailed(f"no PostgreSQL leads: {error}") from error
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _members(self) -> list[Container]:
        names = ("postgresql", "postgresql2") if self._stack.clustered else ("postgresql",)
        return [found for name in names for found in self._stack.project.containers(name)]


class RabbitMQ:
    """Any node that runs."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def control(self, *arguments: str) -> str:
        """`rabbitmqctl …` on the first node that answers."""
        names = ("rabbitmq", "rabbitmq2", "rabbitmq3") if self._stack.clustered else ("rabbitmq",)
        said = ""
        for one in (found for name in names for found in self._stack.project.containers(name)):
            try:
                return one.execute("rabbitmqctl", "--quiet", *arguments)
            except EngineFailed as error:
                said = str(error)
        raise EngineFailed(f"no RabbitMQ answers\n{said}")


def resolve_as_browsers_do() -> None:
    """*.localhost is this machine, which not every resolver knows."""
    ask = socket.getaddrinfo

    def known(host: Any, *arguments: Any, **options: Any) -> Any:
        here = isinstance(host, str) and host.endswith(".localhost")
        return ask("127.0.0.1" if here else host, *arguments, **options)

    socket.getaddrinfo = known


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
