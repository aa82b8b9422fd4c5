"""Tables kept over the bus: contribution as a process on RabbitMQ and PostgreSQL, as the gateway asks it."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contract import pooling, tiers
from contract.contribution import ListTiers, list_tiers
from contract.insurance import InsuranceType, PayerKind
from contract.staff import PROVINCE, NotOfThisRole, Role, Staff, StaffUnproven
from contract.tiers import (
    FILE_LIMIT,
    ApproveTiers,
    GetTierImport,
    ImportAct,
    ImportState,
    ListTierImports,
    Operator,
    OwnImport,
    PreviewTiers,
    SpreadsheetUnreadable,
    SubmitTiers,
    TierImportNotFound,
)
from deploy.local.postgresql import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import CHINA, Clock, SetClock, SystemClock
from kit.crypto import KeyRing
from kit.database import Database
from kit.staff import seal_for
from kit.wire import Seal
from services.contribution import demonstration
from services.contribution.models import tier_acts, tier_imports, tier_tables
from services.contribution.models import tiers as tier_rows
from tests.factories.contribution_sheets import resident, sent, workbook
from tests.factories.keys import STAFF_KEYS, ring
from tests.integration.contribution.running import Replica
from tests.integration.notify.bus import call

THIS_YEAR = dt.datetime.now(CHINA).year
LI = Staff("li", "李明", Role.AUTHORITY, "450100")
WANG = Staff("wang", "王芳", Role.AUTHORITY, "450100")
LIUZHOU = Staff("tan", "覃勇", Role.AUTHORITY, "450200")
SOMEBODY = Operator("somebody", "别人", PROVINCE)
"""What a request says of its operator counts for nothing: the seal does."""
ASKED = ListTiers(PayerKind.RESIDENT, InsuranceType.MEDICAL, "450103", THIS_YEAR)
KEYS = KeyRing.parse(STAFF_KEYS)


def by(staff: Staff, keys: KeyRing = KEYS, clock: Clock | None = None) -> Seal:
    """What the console would seal for them."""
    return seal_for(staff, keys, clock or SystemClock())


@pytest.fixture
def gateway(
    contribution_database: Database, postgres: PostgreSQL, rabbitmq: RabbitMQ, tmp_path: Path
) -> Iterator[str]:
    """The gateway's address on the bus, with contribution running on the demonstration's tables; `console` is beside
    it."""
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


@pytest.fixture
def console(gateway: str, rabbitmq: RabbitMQ) -> str:
    """The console's address on the bus, with contribution running."""
    return rabbitmq.url("console")


def submitted(console: str, amount: str = "420") -> str:
    """An import that Li has handed over."""
    preview = call(
        console,
        tiers.preview_tiers,
        PreviewTiers(SOMEBODY, sent(resident(amount=amount, year=THIS_YEAR))),
        by(LI),
    )
    assert preview.draft is not None
    asked = SubmitTiers(SOMEBODY, preview.draft.import_id, "桂税发〔2026〕5号")
    call(console, tiers.submit_tiers, asked, by(LI))
    return preview.draft.import_id


def test_a_table_comes_into_force_over_the_bus(console: str) -> None:
    import_id = submitted(console)
    found = call(console, tiers.get_tier_import, GetTierImport(SOMEBODY, import_id), by(WANG))
    change = found.changes[0].tiers[0]
    assert (change.before and change.before.amount, change.after and change.after.amount) == (40_000, 42_000)
    with pytest.raises(OwnImport):
        call(console, tiers.approve_tiers, ApproveTiers(SOMEBODY, import_id), by(LI))
    assert call(console, list_tiers, ASKED).tiers[0].amount == 40_000
    done = call(console, tiers.approve_tiers, ApproveTiers(SOMEBODY, import_id), by(WANG))
    assert done.state is ImportState.APPROVED
    assert call(console, list_tiers, ASKED).tiers[0].amount == 42_000
    acts = call(console, tiers.get_tier_import, GetTierImport(SOMEBODY, import_id), by(WANG)).acts
    assert [(act.act, act.operator_id) for act in acts] == [
        (ImportAct.PREVIEWED, "li"), (ImportAct.SUBMITTED, "li"), (ImportAct.REFUSED, "li"),
        (ImportAct.APPROVED, "wang"),
    ]  # fmt: skip


def test_another_pooling_level_sees_and_approves_nothing(console: str) -> None:
    import_id = submitted(console)
    asked = GetTierImport(SOMEBODY, import_id)
    assert call(console, tiers.list_tier_imports, ListTierImports(SOMEBODY), by(LIUZHOU)).imports == ()
    with pytest.raises(TierImportNotFound):
        call(console, tiers.get_tier_import, asked, by(LIUZHOU))
    with pytest.raises(TierImportNotFound):
        call(console, tiers.approve_tiers, ApproveTiers(SOMEBODY, import_id), by(LIUZHOU))
    assert call(console, list_tiers, ASKED).tiers[0].amount == 40_000
    levels = call(console, pooling.list_pooling_levels, pooling.ListPoolingLevels(), by(LIUZHOU)).levels
    assert levels and all(level.code.startswith("4502") for level in levels)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.SUPPORT])
def test_who_is_no_operator_does_not_act(console: str, role: Role) -> None:
    import_id = submitted(console)
    other = Staff("other", "某人", role)
    with pytest.raises(NotOfThisRole):
        call(console, tiers.approve_tiers, ApproveTiers(SOMEBODY, import_id), by(other))
    if role is Role.AUDITOR:
        assert call(console, tiers.get_tier_import, GetTierImport(SOMEBODY, import_id), by(other)).acts
    assert call(console, list_tiers, ASKED).tiers[0].amount == 40_000


def test_nobody_acts_without_a_seal_of_now_for_this_call(console: str, gateway: str) -> None:
    """Forged, of another service's key, too old, of another request; and the residents' door has none at all."""
    import_id = submitted(console)
    asked = ApproveTiers(SOMEBODY, import_id)
    past = SetClock(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    other = by(WANG)(tiers.reject_tiers, "{}")
    unfit: list[Seal | None] = [
        None, by(WANG, KeyRing.parse(ring())), by(WANG, clock=past), lambda method, body: other,
        lambda method, body: "forged",
    ]  # fmt: skip
    for address, seal in itertools.product((console, gateway), unfit):
        with pytest.raises(StaffUnproven):
            call(address, tiers.approve_tiers, asked, seal)
    assert call(gateway, list_tiers, ASKED).tiers[0].amount == 40_000


def test_reading_the_largest_file_keeps_nobody_waiting(gateway: str) -> None:
    lines = (resident(f"第{n}档", n, year=THIS_YEAR, insurance_type="养老保险") for n in range(1, 5001))
    content = base64.b64encode(workbook(*lines)).decode()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(call, gateway, tiers.preview_tiers, PreviewTiers(SOMEBODY, content), by(LI))
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
        call(gateway, tiers.preview_tiers, PreviewTiers(SOMEBODY, content), by(LI))
