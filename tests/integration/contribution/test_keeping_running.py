"""Tables kept over the bus: contribution as a process on RabbitMQ and PostgreSQL, as the gateway asks it."""

from __future__ import annotations

import base64
import datetime as dt
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from contract import tiers
from contract.contribution import ListTiers, list_tiers
from contract.insurance import InsuranceType, PayerKind
from contract.tiers import (
    FILE_LIMIT,
    ApproveTiers,
    ImportState,
    Operator,
    OwnImport,
    PreviewTiers,
    SpreadsheetUnreadable,
    SubmitTiers,
)
from deploy.local.postgresql import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import CHINA
from kit.database import Database
from services.contribution import demonstration
from services.contribution.models import tier_acts, tier_imports, tier_tables
from services.contribution.models import tiers as tier_rows
from tests.factories.contribution_sheets import resident, sent, workbook
from tests.integration.contribution.running import Replica
from tests.integration.notify.bus import call

THIS_YEAR = dt.datetime.now(CHINA).year
LI = Operator("4501-0001", "李明", "450100")
ASKED = ListTiers(PayerKind.RESIDENT, InsuranceType.MEDICAL, "450103", THIS_YEAR)


@pytest.fixture
def gateway(
    contribution_database: Database, postgres: PostgreSQL, rabbitmq: RabbitMQ, tmp_path: Path
) -> Iterator[str]:
    """The gateway's address on the bus, with contribution running on the demonstration's tables."""
    with contribution_database.transaction() as tx:
        for table in (tier_rows, tier_tables, tier_acts, tier_imports):
            tx.execute(table.delete())
        demonstration.load(tx)
    settings = {
        "AMQP_URI": rabbitmq.url("contribution"), "CONTRIBUTION_DATABASE_URL": postgres.url("contribution"),
        "TAXBANK_URL": "http://127.0.0.1:9", "TAXCORE_URL": "http://127.0.0.1:9/esb",
    }  # fmt: skip
    replica = Replica(settings, tmp_path / "contribution.log").start()
    yield rabbitmq.url("gateway")
    replica.kill(signal.SIGTERM)


def test_a_table_comes_into_force_over_the_bus(gateway: str) -> None:
    file = sent(resident(amount="420", year=THIS_YEAR))
    preview = call(gateway, tiers.preview_tiers, PreviewTiers(LI, file))
    assert preview.draft is not None
    change = preview.changes[0].tiers[0]
    assert (change.before and change.before.amount, change.after and change.after.amount) == (40_000, 42_000)
    import_id = preview.draft.import_id
    call(gateway, tiers.submit_tiers, SubmitTiers(LI, import_id, "桂税发〔2026〕5号"))
    with pytest.raises(OwnImport):
        call(gateway, tiers.approve_tiers, ApproveTiers(LI, import_id))
    assert call(gateway, list_tiers, ASKED).tiers[0].amount == 40_000
    wang = replace(LI, operator_id="4501-0002")
    done = call(gateway, tiers.approve_tiers, ApproveTiers(wang, import_id))
    assert done.state is ImportState.APPROVED
    assert call(gateway, list_tiers, ASKED).tiers[0].amount == 42_000


def test_reading_the_largest_file_keeps_nobody_waiting(gateway: str) -> None:
    lines = (resident(f"第{n}档", n, year=THIS_YEAR, insurance_type="养老保险") for n in range(1, 5001))
    content = base64.b64encode(workbook(*lines)).decode()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(call, gateway, tiers.preview_tiers, PreviewTiers(LI, content))
        longest, begun = 0.0, time.monotonic()
        while not reading.done():
            began = time.monotonic()
            assert call(gateway, list_tiers, ASKED).tiers
            longest = max(longest, time.monotonic() - began)
        took = time.monotonic() - begun
        assert [fault.text for fault in reading.result().faults] == ["一张标准表最多60个档次"]
    assert longest < took / 2, "others are served while a thread reads"


def test_a_file_too_large_for_a_message_is_refused(gateway: str) -> None:
    content = base64.b64encode(b"x" * (FILE_LIMIT + 1)).decode()
    with pytest.raises(SpreadsheetUnreadable, match="不能超过384KB"):
        call(gateway, tiers.preview_tiers, PreviewTiers(LI, content))
