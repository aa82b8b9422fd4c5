"""A system at rest for operators' commands: every service's tables on SQLite, nothing running."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from deploy.local.settings import LocalSettings, Mode
from deploy.target import Target, of_services
from deploy.topology import SERVICES
from kit.database import Database

os.environ.setdefault("BLIND_INDEX_KEY", "5a" * 32)
os.environ.setdefault("PERSONAL_DATA_KEYS", "1:" + "3c" * 16)
os.environ.setdefault("ROW_SEAL_KEYS", "1:" + "6e" * 16)


def at_rest(folder: Path, port: int = 1) -> Target:
    """In a folder; no service listens on the ports from `port`."""
    local = LocalSettings.load(Mode.EMBEDDED, folder, port)
    target = of_services({name: local.service(name) for name in SERVICES}, folder)
    for service in target.with_database:
        database = database_of(target, service)
        importlib.import_module(f"services.{service}.models").metadata.create_all(database.engine)
        database.close()
    return target


def database_of(target: Target, service: str) -> Database:
    """A service's database, to put something into it."""
    return Database(target.settings[service].database_url, pool_size=1)
