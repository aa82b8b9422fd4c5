"""The environment of a local instance: every variable each service and the sandbox read.

`python -m deploy.local.settings --mode embedded --state var/embedded` prints it; see deploy/README.md.
"""

from __future__ import annotations

import argparse
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.broker import VHOST, broker_password
from deploy.local.credentials import load_secrets
from deploy.topology import SERVICES, Ports

HOST = "127.0.0.1"
INSTANCE = "CONTRIBUTION_INSTANCE"
"""Carried by every process of an instance: what finds those that lost their parent."""


class Mode(enum.StrEnum):
    """embedded: one process, memory bus, SQLite · full: one process per service, RabbitMQ, PostgreSQL."""

    EMBEDDED = "embedded"
    FULL = "full"


_OUTSIDE: Mapping[str, Sequence[str]] = {
    "gateway": ("WECHAT_APPID", "WECHAT_SECRET"),
    "contribution": ("QUOTE_KEYS", "TAXBANK_APP_ID", "TAXBANK_APP_KEY"),
    "payment": ("QUOTE_KEYS", "UNIONPAY_APP_ID", "UNIONPAY_APP_KEY", "UNIONPAY_COMMUNICATION_KEYS"),
    "notify": ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY"),
}
"""Secrets each service shares with outside parties, besides those every service has."""

_MERCHANT = {
    "UNIONPAY_SOURCE_NUMBER": "3194",
    "UNIONPAY_MID": "898340149000005",
    "UNIONPAY_TID": "88880001",
    "UNIONPAY_INST_MID": "YUEDANDEFAULT",
}
_SMS = {"TENCENT_SMS_APP_ID": "1400006666", "SMS_SIGN_NAME": "广西税务"}
_TEMPLATES = "services/notify/templates.json"


@dataclass(frozen=True)
class LocalSettings:
    """All variables of one instance in one directory, on the ports from `ports.base`."""

    mode: Mode
    state: Path
    ports: Ports
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def load(cls, mode: Mode, state: Path, port: int) -> LocalSettings:
        """The settings of the instance in this directory; its secrets are made at the first call."""
        state = state.resolve()
        return cls(mode, state, Ports(port), load_secrets(state))

    @property
    def url(self) -> str:
        """Where a resident opens the product."""
        return f"http://{HOST}:{self.ports.service('gateway')}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.ports.sandbox}"

    def service(self, name: str, replica: int = 1) -> dict[str, str]:
        """What one service may know, and nothing of the others."""
        prefix = name.upper()
        return {
            **self._shared(),
            "AMQP_URI": self._bus(name),
            f"{prefix}_DATABASE_URL": self._database(name),
            f"{prefix}_HTTP_ADDRESS": f"{HOST}:{self.ports.service(name, replica)}",
            **{key: self.secrets[key] for key in _OUTSIDE.get(name, ())},
            **self._parties().get(name, {}),
        }

    def sandbox(self) -> dict[str, str]:
        """What the sandbox knows: the other half of every outside party's credentials."""
        shared = {key: self.secrets[key] for keys in _OUTSIDE.values() for key in keys if key != "QUOTE_KEYS"}
        return {
            **self._marks(),
            "SANDBOX_ADDRESS": f"{HOST}:{self.ports.sandbox}",
            "SANDBOX_DATABASE": str(self.state / "sandbox.sqlite3"),
            "SANDBOX_SEED": "1",
            "SANDBOX_SMS_TEMPLATES": _TEMPLATES,
            **shared, **_MERCHANT, **_SMS,
        }  # fmt: skip

    def everything(self) -> dict[str, str]:
        """One environment for all services and the sandbox: what the one process of embedded mode needs."""
        merged = self.sandbox()
        for name in SERVICES:
            merged |= self.service(name)
        return merged

    def _marks(self) -> dict[str, str]:
        return {
            "ENVIRONMENT": "development",
            "CLOCK_OFFSET_FILE": str(self.state / "clock-offset"),
            INSTANCE: str(self.state),
        }

    def _shared(self) -> dict[str, str]:
        keys = {name: self.secrets[name] for name in ("PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY")}
        return {**self._marks(), **keys, "LOG_LEVEL": "INFO"}

    def _bus(self, service: str) -> str:
        if self.mode is Mode.EMBEDDED:
            return "memory://localhost"
        return (
            f"amqp://{service}:{broker_password(self.secrets, service)}@{HOST}:{self.ports.rabbitmq}/{VHOST}"
        )

    def _database(self, service: str) -> str:
        if self.mode is Mode.EMBEDDED:
            return f"sqlite:///{self.state / service}.sqlite3"
        password = database_password(self.secrets, service)
        return f"postgresql+psycopg2://{service}:{password}@{HOST}:{self.ports.postgresql}/{service}"

    def _parties(self) -> dict[str, dict[str, str]]:
        payment_url = f"http://{HOST}:{self.ports.service('payment')}"
        return {
            "gateway": {
                "PUBLIC_URL": self.url,
                "WECHAT_AUTHORIZE_URL": f"{self.sandbox_url}/connect/oauth2/authorize",
                "WECHAT_API_URL": self.sandbox_url,
                "REDIRECT_HOSTS": f"{HOST}:{self.ports.sandbox}",
            },
            "contribution": {"TAXBANK_URL": self.sandbox_url},
            "payment": {
                "UNIONPAY_URL": self.sandbox_url,
                "UNIONPAY_NOTIFY_URL": f"{payment_url}/notify/unionpay",
                "UNIONPAY_RETURN_URL": self.url,
                **_MERCHANT,
            },
            "notify": {
                "TENCENT_SMS_URL": self.sandbox_url,
                "SMS_TEMPLATES": _TEMPLATES,
                **_SMS,
            },
        }


def database_password(secrets: Mapping[str, str], service: str) -> str:
    """The password of a service's database role."""
    return secrets[f"{service.upper()}_DATABASE_PASSWORD"]


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
