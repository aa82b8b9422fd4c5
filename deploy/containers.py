"""Writes the secret files that docker-compose.yml mounts: `python -m deploy.containers`.

`secrets/<service>.env` holds one service's variables and nothing of the others; the servers get their accounts
from `definitions.json` and `databases.sql`. Run again, it keeps every secret and rewrites the rest.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from deploy.broker import MIGRATION, definitions, passwords_of
from deploy.environment import Environment, bus_url, database_password, database_url
from deploy.local.credentials import load_secrets
from deploy.topology import SERVICES

HTTP_PORT = 8000
CONSOLE_URL = "http://127.0.0.1:8007"
"""As docker-compose.yml publishes it: on the machine itself, for whoever is let onto it."""
_BROKER, _DATABASE = "rabbitmq:5672", "postgresql:5432"


def files(
    secrets: Mapping[str, str], public_url: str, sandbox_url: str, console_url: str = CONSOLE_URL
) -> dict[str, str]:
    """The content of every secret file by its name."""
    environment = Environment(
        secrets=secrets,
        common={"ENVIRONMENT": "development"},
        bus=lambda account: bus_url(secrets, account, _BROKER),
        database=lambda service: database_url(secrets, service, _DATABASE),
        public_url=public_url,
        sandbox_url=sandbox_url,
        payment_url=f"http://payment:{HTTP_PORT}",
        notify_url=f"http://notify:{HTTP_PORT}",
        console_url=console_url,
    )
    services = {name: environment.service(name, f"0.0.0.0:{HTTP_PORT}") for name in SERVICES}
    migration = {key: value for variables in services.values() for key, value in variables.items()}
    migration["AMQP_URI"] = bus_url(secrets, MIGRATION, _BROKER)
    sandbox = environment.sandbox("0.0.0.0:8090", "/data/sandbox.sqlite3")
    return {
        **{f"{name}.env": _lines(variables) for name, variables in services.items()},
        "migration.env": _lines(migration),
        "sandbox.env": _lines(sandbox),
        "postgresql.env": _lines({"POSTGRES_PASSWORD": secrets["POSTGRESQL_ADMIN_PASSWORD"]}),
        "definitions.json": json.dumps(definitions(passwords_of(secrets)), indent=2),
        "databases.sql": "".join(_database_sql(secrets, name) for name in SERVICES),
    }


def _lines(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))


def _database_sql(secrets: Mapping[str, str], service: str) -> str:
    # The password is hexadecimal, so it needs no quoting.
    return (
        f"CREATE ROLE {service} LOGIN PASSWORD '{database_password(secrets, service)}';\n"
        f"CREATE DATABASE {service} OWNER {service};\n"
        f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;\n"
    )


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description="生成容器部署所需的密钥文件")
    parser.add_argument("--directory", type=Path, default=Path("secrets"))
    parser.add_argument("--public-url", default="http://127.0.0.1:8000", help="浏览器访问系统的地址")
    parser.add_argument("--sandbox-url", default="http://sandbox.localhost:8090", help="模拟外部系统的地址")
    parser.add_argument("--console-url", default=CONSOLE_URL, help="工作人员访问工作台的内网地址")
    options = parser.parse_args()
    options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = load_secrets(options.directory)
    for name, content in files(secrets, options.public_url, options.sandbox_url, options.console_url).items():
        path = options.directory / name
        path.touch(mode=0o600)
        path.write_text(content)
    print(f"已写入 {options.directory}。请勿提交到版本库。")


if __name__ == "__main__":
    main()
