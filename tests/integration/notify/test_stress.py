"""The short form of `scripts/bench sms`: two processes of notify, two providers, codes and reminders at once.

How long a code takes is for the bench to say; here all of them go out while reminders still wait.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.sms import SETTINGS, Bench, Size
from deploy.broker import MIGRATION
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base
from deploy.local.rabbitmq import RabbitMQ
from kit.database import Database
from tests.integration.notify.conftest import CREDENTIALS, KEYS, Provider
from tests.integration.notify.test_running import NOTIFIERS, Running

SHORT = Size(
    reminders=2000,
    codes=60,
    rate=10,
    told=300,
    failing=4.0,
    hanging=8.0,
    patience=90.0,
    seconds=math.inf,
    prefixes=("135", "136"),
)


@pytest.fixture
def bench(
    tmp_path: Path,
    postgres: PostgreSQL,
    rabbitmq: RabbitMQ,
    sandbox: str,
    database: Database,
    provider: Provider,
) -> Iterator[Bench]:
    base, token = free_base(), CREDENTIALS["SMS_RECEIPT_TOKEN"]
    environments = {
        process: os.environ | CREDENTIALS | {key: os.environ[key] for key in KEYS} | SETTINGS | {
            "AMQP_URI": rabbitmq.url("notify"), "NOTIFY_DATABASE_URL": postgres.url("notify"),
            "NOTIFY_HTTP_ADDRESS": f"127.0.0.1:{base + n}", "TENCENT_SMS_URL": sandbox,
            "ALIYUN_SMS_URL": f"{sandbox}/aliyun/",
        }
        for n, process in enumerate(NOTIFIERS)
    }  # fmt: skip
    migration = environments["notify"] | {"AMQP_URI": rabbitmq.url(MIGRATION)}
    subprocess.run([sys.executable, "-m", "kit.migrate", "notify"], env=migration, check=True, timeout=60)
    provider.misbehaves(
        "receipts", url=f"http://127.0.0.1:{base}/receipts/{{provider}}/{token}", delay_seconds=[0.2, 1.0],
        lost_rate=0.05, duplicate_rate=0.1,
    )  # fmt: skip
    running = Running(tmp_path, environments)
    for process in NOTIFIERS:
        running.start(process)
    bench = Bench(postgres.url("notify"), rabbitmq.url("identity"), sandbox)
    yield bench
    bench.close()
    running.stop()


def test_codes_overtake_reminders_and_a_provider_that_hangs_is_left(bench: Bench) -> None:
    assert bench.codes_overtake(SHORT)
    assert bench.a_provider_is_left(SHORT)
