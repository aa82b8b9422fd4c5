"""The notify database on PostgreSQL, and a running sandbox as SMS provider."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contract.events import OWN_SOURCES
from contract.notify import SendCode
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base, wait_until
from kit.clock import Clock, SetClock, SystemClock
from kit.config import read
from kit.database import Database
from services.notify import models
from services.notify.config import Config
from services.notify.domain.messages import Message, Patience, Step
from services.notify.sender import channels as sms_channels
from services.notify.storage import NotifyStorage
from services.notify.usecases import codes, reminders, telling
from services.notify.usecases.channels import Channels
from tests.factories.keys import KEYS, STAFF_KEYS
from tests.fakes.notify_events import enveloped, succeeded
from tests.integration.databases import empty, upgrade

OWN = OWN_SOURCES + "payment"
GRACE = dt.timedelta(seconds=120)
PATIENCE = Patience(GRACE, dt.timedelta(seconds=300))

CREDENTIALS = {
    "NOTIFY_STAFF_KEYS": STAFF_KEYS,
    "TENCENT_SECRET_ID": "AKIDintegration0000", "TENCENT_SECRET_KEY": "integration-key-0000",
    "TENCENT_SMS_APP_ID": "1400006666", "ALIYUN_ACCESS_KEY_ID": "LTAIintegration0000",
    "ALIYUN_ACCESS_KEY_SECRET": "integration-key-0000", "SMS_GATEWAY_USER": "bureau",
    "SMS_GATEWAY_KEY": "integration-key-0000", "SMS_RECEIPT_TOKEN": "integration-token-0000",
    "NOTIFY_QUIET_HOURS": "off",
}  # fmt: skip


@pytest.fixture(scope="session")
def migrated(postgres: PostgreSQL) -> Iterator[Database]:
    database = Database(postgres.url("notify"), pool_size=40)
    upgrade("notify", database)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    empty(migrated, models.metadata)
    return migrated


@dataclass(frozen=True)
class Provider:
    """The sandbox as the outside world sees and steers it."""

    url: str

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/sandbox/api/{path}", data=raw, method=method,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def misbehaves(self, party: str = "sms", **faults: object) -> None:
        self.control("PUT", "settings", {party: faults})

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.control("GET", "sms?limit=10000")["messages"])


@pytest.fixture(scope="session")
def sandbox(scratch: Path) -> Iterator[str]:
    """The URL of a sandbox process."""
    port = free_base() + 90
    environment = os.environ | CREDENTIALS | {
        "SANDBOX_ADDRESS": f"127.0.0.1:{port}", "SANDBOX_RESIDENTS": "100",
        "SANDBOX_DATABASE": str(scratch / "notify-sandbox.sqlite3"),
        "SANDBOX_SMS_TEMPLATES": str(Path(models.__file__).parent / "templates.json"),
    }  # fmt: skip
    with (scratch / "notify-sandbox.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "sandbox"], env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    assert wait_until(lambda: _answers(url), 30)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def provider(sandbox: str) -> Provider:
    """The sandbox with an empty inbox and its best behaviour."""
    provider = Provider(sandbox)
    provider.control("POST", "reset")
    return provider


@pytest.fixture
def environment(sandbox: str, postgres: PostgreSQL) -> dict[str, str]:
    """What a notify process would be started with."""
    return {
        "NOTIFY_DATABASE_URL": postgres.url("notify"), "NOTIFY_HTTP_ADDRESS": "127.0.0.1:0", "AMQP_URI": "memory://",
        "SMS_PROVIDERS": "tencent:100:5000", "TENCENT_SMS_URL": sandbox, "ALIYUN_SMS_URL": f"{sandbox}/aliyun/",
        "SMS_GATEWAY_URL": f"{sandbox}/gateway",
        **KEYS, **CREDENTIALS,
    }  # fmt: skip


@pytest.fixture
def settings(environment: dict[str, str]) -> Config:
    return read(Config, environment)


@pytest.fixture
def channels(settings: Config, database: Database) -> Iterator[Channels]:
    """The real adapters, talking to the sandbox."""
    made = sms_channels(settings, database)
    yield made
    made.close()


@dataclass
class Notify:
    """The use cases on a real database and a real provider."""

    database: Database
    channels: Channels
    settings: Config
    clock: Clock = field(default_factory=SystemClock)
    storage: NotifyStorage = field(default_factory=NotifyStorage)

    def hear(self, *event_ids: str, **changed: object) -> int:
        """One or several payments, in one transaction."""
        events = [(succeeded(f"order-of-{event_id}", **changed), event_id) for event_id in event_ids]
        heard = [(event, enveloped(event, event_id, OWN)) for event, event_id in events]
        with self.database.transaction() as tx:
            return telling.remind_of_success(tx, heard, self.teller)

    def claim(self, limit: int = 100) -> Sequence[Message]:
        return reminders.claim(self.database, self.storage, self.channels, self.clock, limit).messages

    def deliver(self, message: Message) -> Step | None:
        return reminders.deliver(message, self.database, self.storage, self.channels, self.clock, PATIENCE)

    def send_code(self, request: SendCode) -> None:
        codes.send_code(request, self.desk)

    def send_due(self) -> None:
        for message in self.claim():
            self.deliver(message)

    def later(self, **duration: float) -> None:
        """From now on the clock stands, that much ahead."""
        now = self.clock.now() + dt.timedelta(**duration)
        self.clock = SetClock(now)

    @property
    def teller(self) -> telling.Teller:
        cap = self.settings.reminders_per_day
        return telling.Teller(self.storage, self.settings.catalogue(), cap, self.clock)

    @property
    def desk(self) -> codes.Desk:
        return codes.Desk(self.database, self.storage, self.channels, self.clock, time.sleep)

    @property
    def states(self) -> Counter[str]:
        with self.database.read() as connection:
            return Counter(connection.execute(select(models.messages.c.state)).scalars())


@pytest.fixture
def notify(database: Database, provider: Provider, channels: Channels, settings: Config) -> Notify:
    return Notify(database, channels, settings)


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{url}/sandbox/api/settings", timeout=1).status == 200)
    except OSError:
        return False
