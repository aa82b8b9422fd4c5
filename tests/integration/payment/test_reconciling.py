"""Reconciliation by the running service, in a process of its own, and its command line."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract.reconciliation import (
    BreakKind,
    ListBreaks,
    ListRuns,
    ReconciliationRun,
    RunReconciliation,
    RunState,
)
from deploy.local.process import wait_until
from kit.clock import china
from kit.database import Database
from services.payment.adapters.daily import CoreRecords
from services.payment.config import Config
from services.payment.models import metadata
from services.payment.reconciliation import handling
from services.payment.reconciliation.running import Desk
from services.payment.storage.books import Books
from services.payment.storage.breaks import BreakStorage
from services.payment.storage.runs import RunStorage
from tests.contract.adapters.sandbox_process import ROOT
from tests.integration.databases import empty
from tests.integration.payment.running import RunningPayment, environment_of, running_payment


@pytest.fixture(scope="module")
def running(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPayment]:
    empty(migrated, metadata)
    with running_payment(migrated, tmp_path_factory.mktemp("payment")) as running:
        yield running


def desk(running: RunningPayment) -> Desk:
    w = running.payment
    return Desk(
        w.database,
        Books(),
        RunStorage(),
        BreakStorage(),
        w.unionpay,
        CoreRecords(w.config),
        w.clock,
        w.config,
    )


def latest(running: RunningPayment) -> list[ReconciliationRun]:
    return list(handling.list_runs(ListRuns(), desk(running)).runs)


def done(running: RunningPayment, day: dt.date) -> bool:
    return any(run.day == day and run.state is RunState.DONE for run in latest(running))


def command(config: Config, folder: Path, *arguments: str, code: int = 0) -> str:
    """What the command line says."""
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.payment.reconcile", *arguments],
        cwd=folder, env=environment_of(config) | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def test_the_service_reconciles_yesterday_and_an_operator_settles_what_differs(
    running: RunningPayment, tmp_path: Path
) -> None:
    good, lost = running.reached(), running.reached(settlement={"missing_rate": 1})
    for order in (good, lost):
        running.sandbox.act(order.mer_order_id, "pay")
    assert all(wait_until(lambda o=order: running.stored(o.order_id).paid_at, 10) for order in (good, lost))  # type: ignore[misc]
    now = running.payment.clock.now()
    day = china(now).date()
    tomorrow_noon = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(12), china(now).tzinfo)
    running.later(seconds=(tomorrow_noon - now).total_seconds())
    assert wait_until(lambda: done(running, day), 60), latest(running)
    # Nobody of the sandbox is insured under these numbers: neither line was posted.
    found = handling.list_breaks(ListBreaks(day=day), desk(running)).breaks
    assert {(one.kind, one.order_number) for one in found} == {
        (BreakKind.MISSING_WITH_UNIONPAY, lost.mer_order_id),
        (BreakKind.MISSING_WITH_CORE, lost.mer_order_id),
        (BreakKind.MISSING_WITH_CORE, good.mer_order_id),
    }

    config = running.payment.config
    listed = command(config, tmp_path, "breaks", "--day", f"{day}")
    assert lost.mer_order_id in listed and f"共{len(found)}条" in listed
    (missing,) = [one for one in found if one.party == "unionpay"]
    number = f"{missing.break_id}"
    assert "处理中" in command(config, tmp_path, "assign", number, "--to", "li.na", "--as", "zhao.lei")
    resolved = command(config, tmp_path, "resolve", number, "ask_unionpay", "--as", "li.na")
    assert "银联答复：已支付" in resolved
    assert "不能用所选的办法" in command(
        config, tmp_path, "resolve", f"{next(o.break_id for o in found if o.party == 'core')}", "open_refund_case",
        "--as", "li.na", code=1,
    )  # fmt: skip
    running.sandbox.misbehave(lost.mer_order_id, settlement={"missing_rate": 0})
    assert "自动关闭1" in command(config, tmp_path, f"{day}")
    shown = command(config, tmp_path, "show", number)
    assert [line.split()[3] for line in shown.splitlines()[1:]] == ["发现", "分派给", "处理", "关闭"], shown
    command(config, tmp_path, "report", f"{day}", "--html", "report.html")
    assert "社保费缴费对账报告" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "report.xlsx").stat().st_size > 1000
    assert "没有找到" in command(config, tmp_path, "show", "0", code=1)
    assert "当天还没有结束" in command(config, tmp_path, "2999-01-01", code=1)


def test_a_day_is_reconciled_on_demand(running: RunningPayment) -> None:
    day = china(running.payment.clock.now()).date() - dt.timedelta(days=5)
    asked = handling.run_reconciliation(RunReconciliation(day, "li.na"), desk(running))
    assert asked.state in (RunState.WAITING, RunState.RUNNING)
    assert wait_until(lambda: done(running, day), 60)
    (run,) = [run for run in latest(running) if run.day == day]
    assert (run.requested_by, run.found) == ("li.na", 0)


def test_open_breaks_can_be_seen_by_the_alerting(running: RunningPayment) -> None:
    def measured() -> bool:
        metrics = requests.get(f"{running.url}/metrics", timeout=10).text
        return 'reconciliation_open_breaks{age="0-1",kind="missing_with_core"} 2.0' in metrics

    assert wait_until(measured, 30)
