"""The console's tables on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from deploy.local.postgresql import PostgreSQL
from kit.audit import Journal
from kit.clock import SetClock
from kit.database import Database
from services.console.storage.accounts import Accounts
from services.console.storage.sessions import Refusals, Sessions
from services.console.usecases.wiring import Wiring
from tests.fakes.console_storage import QuickHasher
from tests.integration.databases import upgrade


@pytest.fixture(scope="session")
def database(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("console"))
    upgrade("console", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC))


@pytest.fixture
def w(database: Database, clock: SetClock) -> Wiring:
    """Use cases on the real tables; only the hash is quick."""
    return Wiring(database, Accounts(), Sessions(), Refusals(), QuickHasher(), Journal(), clock, 2, 1000)
