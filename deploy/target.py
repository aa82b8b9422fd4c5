"""Which running system an operator's command looks at, and how to reach its parts: nothing is changed in it."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from deploy.containers import MOUNTED
from deploy.local.settings import LocalSettings, Mode
from deploy.topology import SERVICES
from kit.config import ConfigurationError, ServiceConfig, read
from kit.database import Database


class NoSuchSystem(Exception):
    """The message says in Chinese what was looked for."""


@dataclass(frozen=True)
class Target:
    """A system by its services' settings; `folder` is where a local instance keeps its data."""

    settings: Mapping[str, ServiceConfig]
    folder: Path | None = None

    def url(self, service: str) -> str:
        """Where a service listens; in a container, under its own name."""
        host, _, port = self.settings[service].http_address.rpartition(":")
        return f"http://{service if host in ('', '0.0.0.0') else host}:{port}"  # noqa: S104 - compared

    @contextmanager
    def reading(self, service: str) -> Iterator[Connection]:
        """A service's database in a transaction that cannot change anything."""
        database = Database(self.settings[service].database_url, pool_size=1)
        try:
            with database.snapshot() as connection:
                yield connection
        finally:
            database.close()

    @property
    def with_database(self) -> list[str]:
        """The services that store something."""
        return [name for name in self.settings if importlib.util.find_spec(f"services.{name}.models")]

    @property
    def memory_bus(self) -> bool:
        return next(iter(self.settings.values())).memory_bus


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options by which every such command is told its system."""
    parser.add_argument(
        "--state", type=Path, help="本机实例的数据目录（默认 var/embedded，加 --full 时 var/full）"
    )
    parser.add_argument("--port", type=int, default=8000, help="本机实例的起始端口（默认 8000）")
    parser.add_argument("--full", action="store_true", help="本机实例用 scripts/run --full 启动")
    parser.add_argument("--secrets", type=Path, help="容器部署的密钥目录（secrets），在容器网络内运行")
    parser.add_argument("--environment", action="store_true", help="使用当前环境变量")


def target(options: argparse.Namespace) -> Target:
    """The system that is meant. Raises NoSuchSystem, and ConfigurationError when its settings are wrong."""
    if options.environment:
        return of_services(dict.fromkeys(SERVICES, os.environ))
    if options.secrets:
        return of_services({name: _of_file(options.secrets / f"{name}.env") for name in SERVICES})
    mode = Mode.FULL if options.full else Mode.EMBEDDED
    state = options.state or Path("var") / mode
    if not (state / "secrets.env").exists():
        raise NoSuchSystem(
            f"{state} 下没有系统的数据。用 --state 指定数据目录，或用 --secrets 指定容器部署的密钥目录。"
        )
    local = LocalSettings.load(mode, state, options.port)
    return of_services({name: local.service(name) for name in SERVICES}, state)


def of_services(variables: Mapping[str, Mapping[str, str]], folder: Path | None = None) -> Target:
    """The system whose services have these variables, each its own. Raises ConfigurationError."""
    found: dict[str, ServiceConfig] = {}
    problems: dict[str, None] = {}
    for name, own in variables.items():
        try:
            found[name] = read(importlib.import_module(f"services.{name}.config").Config, own)
        except ConfigurationError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigurationError(problems)
    return Target(found, folder)


def _of_file(path: Path) -> dict[str, str]:
    if not path.exists():
        raise NoSuchSystem(f"{path} 不存在。先用 python -m deploy.containers 生成。")
    folder, found = path.with_suffix(""), {}
    for name, _, value in (line.partition("=") for line in path.read_text().splitlines()):
        if name.endswith("_FILE") and value.startswith(MOUNTED):
            # Here the container's directory is not where the container sees it.
            kept = (folder / value.removeprefix(f"{MOUNTED}/")).read_text()
            found[name.removesuffix("_FILE")] = kept.replace(MOUNTED, str(folder.resolve()))
        elif name:
            found[name] = value
    return found
