"""The environment of a local instance: every variable each service and the sandbox read.

`python -m deploy.local.settings --mode embedded --state var/embedded` prints it; see deploy/README.md.
"""

from __future__ import annotations

import argparse
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.environment import Environment, bus_url, database_url
from deploy.local.credentials import load_secrets
from deploy.topology import SERVICES, Ports

HOST = "127.0.0.1"
_ONE_ADDRESS = {f"GATEWAY_{who}_PER_MINUTE": "1000000" for who in ("IP", "OPENID", "PERSON")}
"""On one machine everybody, and every load test, comes from one address."""
INSTANCE = "CONTRIBUTION_INSTANCE"
"""Carried by every process of an instance: what finds those that lost their parent."""


class Mode(enum.StrEnum):
    """embedded: one process, memory bus, SQLite · full: one process per service, RabbitMQ, PostgreSQL."""

    EMBEDDED = "embedded"
    FULL = "full"


@dataclass(frozen=True)
class LocalSettings:
    """All variables of one instance in one directory, on the ports from `ports.base`.

    `extra` is added to every process: other limits for a load test, say.
    """

    mode: Mode
    state: Path
    ports: Ports
    secrets: Mapping[str, str] = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls, mode: Mode, state: Path, port: int, extra: Mapping[str, str] | None = None
    ) -> LocalSettings:
        """The settings of the instance in this directory; its secrets are made at the first call."""
        state = state.resolve()
        return cls(mode, state, Ports(port), load_secrets(state), extra or {})

    @property
    def url(self) -> str:
        """Where a resident opens the product."""
        return f"http://{HOST}:{self.ports.service('gateway')}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.ports.sandbox}"

    def service(self, name: str, replica: int = 1) -> dict[str, str]:
        """What one service may know, and nothing of the others."""
        return self._environment().service(name, f"{HOST}:{self.ports.service(name, replica)}")

    def sandbox(self) -> dict[str, str]:
        """What the sandbox knows: the other half of every outside party's credentials."""
        database = str(self.state / "sandbox.sqlite3")
        return self._environment().sandbox(f"{HOST}:{self.ports.sandbox}", database)

    def everything(self) -> dict[str, str]:
        """One environment for all services and the sandbox: what the one process of embedded mode needs."""
        merged = self.sandbox()
        for name in SERVICES:
            merged |= self.service(name)
        return merged

    def _environment(self) -> Environment:
        return Environment(
            secrets=self.secrets,
            common={
                "ENVIRONMENT": "development",
                "CLOCK_OFFSET_FILE": str(self.state / "clock-offset"),
                INSTANCE: str(self.state),
                "no_proxy": HOST,  # the sandbox is never behind this machine's proxy
                **_ONE_ADDRESS,
                **self.extra,
            },
            bus=self._bus,
            database=self._database,
            public_url=self.url,
            sandbox_url=self.sandbox_url,
            payment_url=f"http://{HOST}:{self.ports.service('payment')}",
            notify_url=f"http://{HOST}:{self.ports.service('notify')}",
        )

    def _bus(self, service: str) -> str:
        if self.mode is Mode.EMBEDDED:
            return "memory://localhost"
        return bus_url(self.secrets, service, f"{HOST}:{self.ports.rabbitmq}")

    def _database(self, service: str) -> str:
        if self.mode is Mode.EMBEDDED:
            return f"sqlite:///{self.state / service}.sqlite3"
        return database_url(self.secrets, service, f"{HOST}:{self.ports.postgresql}")


def main() -> None:
    """Print the environment as `NAME=value` lines."""
    parser = argparse.ArgumentParser(description="打印本机实例的环境变量")
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.EMBEDDED)
    parser.add_argument("--state", type=Path, default=None, help="实例目录，默认 var/<mode>")
    parser.add_argument("--port", type=int, default=8000, help="起始端口")
    parser.add_argument("--service", choices=[*SERVICES, "sandbox"], help="只打印一个服务的变量")
    options = parser.parse_args()
    settings = LocalSettings.load(options.mode, options.state or Path("var") / options.mode, options.port)
    if options.service == "sandbox":
        variables = settings.sandbox()
    elif options.service:
        variables = settings.service(options.service)
    else:
        variables = settings.everything()
    for name, value in sorted(variables.items()):
        print(f"{name}={value}")


if __name__ == "__main__":
    main()
