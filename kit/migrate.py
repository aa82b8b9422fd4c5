"""Brings the databases of services up to date and creates their event queues: `python -m kit.migrate NAME…`.

Outside production a service's `demonstration.py` then loads its 演示数据.
"""

from __future__ import annotations

from kit.runner import read_settings  # first of all: it patches the standard library

# isort: split

import importlib.util
import sys

from kit import migrations
from kit.config import ConfigurationError, ServiceConfig
from kit.consumer import declare_queues
from kit.database import Database
from kit.service import service_class


def migrate(names: list[str]) -> None:
    """Upgrade each service's database to its newest revision."""
    for name, settings in read_settings(names).items():
        if settings.database_url:
            _upgrade(name, settings)
        if not settings.memory_bus:
            declare_queues(service_class(name), settings.amqp_uri)


def _upgrade(name: str, settings: ServiceConfig) -> None:
    with Database(settings.database_url).transaction() as connection:
        migrations.upgrade(name, connection)
        if not settings.production and importlib.util.find_spec(f"services.{name}.demonstration"):
            importlib.import_module(f"services.{name}.demonstration").load(connection)


def main() -> int:
    try:
        migrate(sys.argv[1:])
    except ConfigurationError as error:
        print("cannot migrate:", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())
