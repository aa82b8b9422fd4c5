"""What operators see of a running system: traces, the inspection, the monthly report; and nothing of anybody in them
(docs/adr/0032)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract.payment import PaymentSucceeded
from deploy.local.process import free_base, wait_until
from deploy.local.system import FullSystem
from kit.clock import SystemClock, china
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox
from tests.integration.spans import Seen, read

SECONDS = 60


@pytest.fixture(scope="module")
def collected(scratch: Path) -> Iterator[Path]:
    """Where the collector writes what it is sent; its port is in the file's name."""
    port = free_base()
    path = scratch / f"{port}.spans"
    collector = subprocess.Popen([sys.executable, "-m", "tests.integration.spans", str(port), str(path)])
    yield path
    collector.kill()
    collector.wait()


@pytest.fixture(scope="module")
def traced_system(scratch: Path, collected: Path) -> Iterator[FullSystem]:
    """The product with a collector, to which spans go every tenth of a second."""
    tracing = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collected.stem}", "OTEL_BSP_SCHEDULE_DELAY": "100",
    }  # fmt: skip
    with FullSystem(scratch / "traced", free_base(), extra=tracing) as system:
        yield system


def _paid_by_check(system: FullSystem) -> Client:
    """Somebody whose payment UnionPay never told of, and who asks: one request from the route to the reminder."""
    client = Client(system, Sandbox(system).resident())
    client.log_in()
    placed = client.call(
        "POST", "/orders", {"quote": client.quote()["quote"]}, **{"Idempotency-Key": "traced-1"}
    )
    assert placed.status_code == 201, placed.text
    page = requests.get(placed.json()["payment_url"], allow_redirects=False, timeout=20).headers["Location"]
    cashier = system.sandbox_url + page
    client.sandbox.put("/settings", {"notify": {"lost_rate": 1}})
    requests.post(f"{cashier}/pay", timeout=20).raise_for_status()
    order_id = placed.json()["order_id"]

    def paid() -> bool:
        return bool(client.call("POST", f"/orders/{order_id}/check").json()["state"] == "paid")

    assert wait_until(paid, SECONDS, pause=3.1)
    client.sandbox.wait_for_sms(client.someone, lambda text: "缴费成功" in text)
    return client


def _tree(spans: list[Seen]) -> list[Seen]:
    """The trace in which the payment was announced."""
    trace = next((span.trace for span in spans if span.name == PaymentSucceeded.type), "")
    return [span for span in spans if span.trace == trace]


@pytest.fixture(scope="module")
def client(traced_system: FullSystem) -> Client:
    """Somebody who has paid."""
    return _paid_by_check(traced_system)


@pytest.mark.timeout(300)
def test_a_journey_is_one_connected_tree_without_personal_data(client: Client, collected: Path) -> None:
    def heard() -> set[str]:
        return {span.service for span in _tree(read(collected)) if span.name == PaymentSucceeded.type}

    assert wait_until(lambda: "notify" in heard(), SECONDS), heard()
    assert wait_until(lambda: any(not span.parent for span in _tree(read(collected))), SECONDS)
    tree = {span.span: span for span in _tree(read(collected))}
    (root,) = (span for span in tree.values() if not span.parent)
    assert (root.service, root.name) == ("gateway", "POST /api/v1/orders/<order_id>/check")
    assert all(span.parent in tree for span in tree.values() if span is not root), (
        "no branch hangs in the air"
    )
    asked = next(s for s in tree.values() if (s.service, s.name) == ("gateway", "payment.check_order"))
    served = next(s for s in tree.values() if (s.service, s.name) == ("payment", "payment.check_order"))
    assert served.parent == asked.span and asked.parent == root.span
    outside = next(s for s in tree.values() if (s.service, s.name) == ("payment", "unionpay.query"))
    assert outside.parent == served.span
    for span in tree.values():
        if span.name == PaymentSucceeded.type:
            assert span.parent == served.span, "the event hangs below what committed it"
    _tells_of_nobody(read(collected), client)


def _tells_of_nobody(spans: list[Seen], client: Client) -> None:
    told = " ".join(f"{span.name} {span.attributes}" for span in spans)
    someone = client.someone
    for personal in (someone.name, someone.number, someone.phone, someone.openid, client.token):
        assert personal not in told
    assert {name for span in spans for name in span.attributes} <= {
        "correlation_id", "entrypoint.kind", "outcome",
    }  # fmt: skip


def _command(module: str, system: FullSystem, *options: str) -> subprocess.CompletedProcess[str]:
    where = ("--full", "--state", str(system.state), "--port", str(system.settings.ports.base))
    command = [sys.executable, "-W", "ignore", "-m", module, *options, *where]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.mark.timeout(180)
def test_an_inspection_reaches_every_part_and_changes_nothing(
    client: Client, traced_system: FullSystem
) -> None:
    before = traced_system.postgresql.run("SELECT count(*), max(state) FROM orders", "payment")
    done = _command("deploy.inspection", traced_system)
    assert done.returncode in (0, 1, 2), done.stderr
    assert "无法检查" not in done.stdout
    for said in (
        "正常  服务 payment：运行正常", "正常  数据库 notify：可读", "正常  队列 rpc-payment：积压 0 条",
        "正常  队列 notify.payment.succeeded.v1：积压 0 条", "正常  上游 taxbank：正常", "在用第 1 版",
    ):  # fmt: skip
        assert said in done.stdout, done.stdout
    assert client.someone.number not in done.stdout and client.someone.name not in done.stdout
    assert traced_system.postgresql.run("SELECT count(*), max(state) FROM orders", "payment") == before


@pytest.mark.timeout(180)
def test_a_service_that_is_down_and_a_queue_nobody_serves_are_found(
    client: Client, traced_system: FullSystem
) -> None:
    traced_system.supervisor.stop_program("notify-1")
    try:
        done = _command("deploy.inspection", traced_system)
    finally:
        traced_system.supervisor.start_program("notify-1")
        traced_system.wait_ready()
    assert done.returncode == 2
    assert "异常  服务 notify：" in done.stdout
    assert "异常  队列 rpc-notify：没有服务在接收" in done.stdout


@pytest.mark.timeout(180)
def test_the_monthly_report_counts_what_was_paid_and_names_nobody(
    client: Client, traced_system: FullSystem, tmp_path: Path
) -> None:
    month = f"{china(SystemClock().now()):%Y-%m}"
    done = _command("deploy.monthly", traced_system, month, "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / f"monthly-report-{month}.html").read_text()
    assert "本月缴费成功 1 笔" in page and "成功率 100.0%" in page
    assert client.someone.name not in page and client.someone.number not in page
    paper = tmp_path / f"monthly-report-{month}.pdf"
    read = subprocess.run(["pdftotext", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    assert "运维月报" in read and "本月缴费成功" in read
