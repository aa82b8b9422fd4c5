"""Writes what docker-compose.yml mounts: `python -m deploy.containers`, as root.

`secrets/<container>/` belongs to the container's user and holds its secrets, one file each, and its certificate;
`secrets/<service>.env` what is no secret, and where the secrets are. Run again, it keeps every secret, renews
certificates and rewrites the rest.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from deploy.authority import Authority, write_private
from deploy.broker import MIGRATION, definitions, passwords_of
from deploy.environment import Environment, bus_url, database_password, database_url
from deploy.local.credentials import load_secrets
from deploy.topology import SERVICES

HTTP_PORT = 8000
CONSOLE_URL = "https://localhost:8444"
"""As docker-compose.yml publishes it: on the machine itself, for whoever is let onto it."""
MOUNTED = "/run/secrets"
"""Where a container finds its directory."""

_OWNERS = {
    "rabbitmq": 10002,
    "postgresql": 10003,
    "accounts": 10003,
    "proxy": 10005,
    "console-proxy": 10005,
    "grafana": 472,
    "administrator": 0,
}
_PRODUCT = 10001
"""The user of each image (Dockerfile, deploy/docker/servers.Dockerfile)."""

_PROXY, _SANDBOX = "https://proxy:8443", "http://sandbox:8090"

_HOSTS: Mapping[str, Sequence[str]] = {
    "rabbitmq": ("rabbitmq", "rabbitmq2", "rabbitmq3", "balancer"),
    "postgresql": ("postgresql", "postgresql2", "balancer", "localhost"),
}
"""The names servers answer to: their nodes', that of the cluster's balancer, and by which a standby asks itself for its
timeline (Patroni)."""

_RPC_MIRRORED = {
    "vhost": "contribution", "name": "rpc", "pattern": r"^(rpc|[a-z]+\.upstream\.)", "apply-to": "queues",
    "priority": 1,
    "definition": {"ha-mode": "all", "ha-sync-mode": "automatic", "ha-promote-on-failure": "always"},
}  # fmt: skip
"""Requests, and those that wait for an upstream (kit/limiter.py), are not worth a quorum's disk writes, but their
queues must outlive a node (docs/adr/0030)."""


@dataclass(frozen=True)
class Places:
    """Where browsers find the product and the sandbox, and services the broker and the database."""

    public_url: str = "https://localhost:8443"
    sandbox_url: str = "https://sandbox.localhost:8090"
    console_url: str = CONSOLE_URL
    broker: str = "rabbitmq"
    database: str = "postgresql"

    @property
    def doors(self) -> tuple[str, ...]:
        """The names the proxies answer to."""
        hosts = (urlsplit(url).hostname or "" for url in (self.public_url, self.sandbox_url))
        return (*hosts, "proxy")

    @property
    def staff_door(self) -> str:
        """The name the console's proxy answers to."""
        return urlsplit(self.console_url).hostname or ""


def files(secrets: Mapping[str, str], places: Places) -> dict[str, str]:
    """The content of every file, certificates apart, by its path."""
    environment = _environment(secrets, places)
    services = {name: environment.service(name, f"0.0.0.0:{HTTP_PORT}") for name in SERVICES}
    services["gateway"]["GATEWAY_TRUSTED_PROXIES"] = services["console"]["CONSOLE_TRUSTED_PROXIES"] = "1"
    # Payment and browsers know UnionPay by one address, whose certificate is ours as long as it is the sandbox's.
    services["payment"]["REQUESTS_CA_BUNDLE"] = f"{MOUNTED}/ca.crt"
    migration = {key: value for variables in services.values() for key, value in variables.items()}
    migration["AMQP_URI"] = _bus(secrets, MIGRATION, places.broker)
    written = {
        "sandbox.env": _lines(environment.sandbox("0.0.0.0:8090", "/data/sandbox.sqlite3")),
        "rabbitmq/erlang.cookie": secrets["ERLANG_COOKIE"],
        "rabbitmq/definitions.json": json.dumps(
            {**definitions(passwords_of(secrets)), "policies": [_RPC_MIRRORED]}, indent=2
        ),
        "postgresql/administrator": secrets["POSTGRESQL_ADMIN_PASSWORD"],
        "postgresql/replicator": secrets["POSTGRESQL_REPLICATION_PASSWORD"],
        "postgresql/pgbackrest.conf": f"[global]\nrepo1-cipher-pass={secrets['BACKUP_KEY']}\n",
        "accounts/accounts.sql": "".join(_account_sql(secrets, name) for name in SERVICES),
        "accounts/administrator": secrets["POSTGRESQL_ADMIN_PASSWORD"],
        "administrator/administrator": secrets["POSTGRESQL_ADMIN_PASSWORD"],
        "grafana/password": secrets["GRAFANA_PASSWORD"],
    }
    for name, variables in {**services, MIGRATION: migration}.items():
        hidden = {
            key for key in variables if key in secrets or key == "AMQP_URI" or key.endswith("_DATABASE_URL")
        }
        written |= _of_container(name, variables, hidden)
    return written


def certify(authority: Authority, directory: Path, places: Places) -> None:
    """Everybody's certificate, and the authority's beside it."""
    for server, hosts in _HOSTS.items():
        authority.issue(_place(directory, server, "server"), server, hosts)
    authority.issue(_place(directory, "proxy", "server"), "proxy", places.doors)
    authority.issue(_place(directory, "console-proxy", "server"), "console-proxy", [places.staff_door])
    for name in SERVICES:
        authority.issue(_place(directory, name, name), name)
        authority.issue(_place(directory, MIGRATION, name), name)
    authority.issue(_place(directory, MIGRATION, MIGRATION), MIGRATION)
    for container in ("postgresql", "accounts", "administrator"):
        authority.issue(_place(directory, container, "postgres"), "postgres")
    authority.issue(_place(directory, "postgresql", "replicator"), "replicator")
    for container in {*_OWNERS, *SERVICES, MIGRATION, "sandbox"}:
        write_private(_place(directory, container, "ca.crt"), authority.pem.encode())


def _environment(secrets: Mapping[str, str], places: Places) -> Environment:
    def database(service: str) -> str:
        files = f"sslrootcert={MOUNTED}/ca.crt&sslcert={MOUNTED}/{service}.crt&sslkey={MOUNTED}/{service}.key"
        return f"{database_url(secrets, service, f'{places.database}:5432')}?sslmode=verify-full&{files}"

    # Outside parties call back through the proxy, as real ones must.
    return Environment(
        secrets=secrets, common={"ENVIRONMENT": "development"},
        bus=lambda account: _bus(secrets, account, places.broker), database=database,
        public_url=places.public_url, sandbox_url=_SANDBOX, sandbox_pages_url=places.sandbox_url,
        payment_url=_PROXY, notify_url=_PROXY, console_url=places.console_url,
    )  # fmt: skip


def _bus(secrets: Mapping[str, str], account: str, host: str) -> str:
    files = f"cacertfile={MOUNTED}/ca.crt&certfile={MOUNTED}/{account}.crt&keyfile={MOUNTED}/{account}.key"
    return f"{bus_url(secrets, account, f'{host}:5671').replace('amqp:', 'amqps:')}?{files}"


def _of_container(name: str, variables: Mapping[str, str], hidden: Collection[str]) -> dict[str, str]:
    """What is hidden as files of their own, the rest as variables that also say where those files are."""
    shown = {key: value for key, value in variables.items() if key not in hidden}
    shown |= {f"{key}_FILE": f"{MOUNTED}/{key}" for key in hidden}
    return {f"{name}.env": _lines(shown), **{f"{name}/{key}": variables[key] for key in hidden}}


def _lines(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))


def _account_sql(secrets: Mapping[str, str], service: str) -> str:
    """For psql, and idempotent. The password is hexadecimal, so it needs no quoting."""
    return (
        f"SELECT 'CREATE ROLE {service}' WHERE to_regrole('{service}') IS NULL \\gexec\n"
        f"ALTER ROLE {service} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
        f" PASSWORD '{database_password(secrets, service)}';\n"
        f"SELECT 'CREATE DATABASE {service} OWNER {service}'"
        f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{service}') \\gexec\n"
        f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;\n"
    )


def _place(directory: Path, container: str, name: str) -> Path:
    (directory / container).mkdir(mode=0o700, exist_ok=True)
    return directory / container / name


def _hand_over(directory: Path) -> None:
    """Each container's directory belongs to its user alone; only root can see to that."""
    for folder in (path for path in directory.iterdir() if path.is_dir() and path.name != "authority"):
        owner = _OWNERS.get(folder.name, _PRODUCT)
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner, owner)


def main(arguments: list[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description="生成容器部署所需的密钥、证书和配置")
    parser.add_argument("--directory", type=Path, default=Path("secrets"))
    parser.add_argument("--public-url", default=Places.public_url, help="浏览器访问系统的地址")
    parser.add_argument("--sandbox-url", default=Places.sandbox_url, help="模拟外部系统的地址")
    parser.add_argument("--console-url", default=Places.console_url, help="工作人员访问工作台的内网地址")
    parser.add_argument(
        "--cluster", action="store_true", help="经 balancer 连接集群（docker-compose.cluster.yml）"
    )
    options = parser.parse_args(arguments)
    places = Places(options.public_url, options.sandbox_url, options.console_url)
    if options.cluster:
        places = replace(places, broker="balancer", database="balancer")
    write(options.directory, places)
    print(f"已写入 {options.directory}。请勿提交到版本库。")


def write(directory: Path, places: Places) -> None:
    """Write everything into a directory that nobody else may enter."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files(load_secrets(directory), places).items():
        folder, _, file = name.rpartition("/")
        write_private(_place(directory, folder, file) if folder else directory / file, content.encode())
    certify(Authority.open(directory / "authority"), directory, places)
    if os.geteuid() == 0:
        _hand_over(directory)
    else:
        print("不是 root：请把各目录交给对应的容器用户（见 deploy/README.md），否则容器读不到。")


if __name__ == "__main__":
    main()
