"""The sandbox as a process of its own: killed, raced and crowded."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sandbox.settings import Settings
from tests.contract.sandbox.caller import Caller
from tests.contract.sandbox.receiver import Receiver, listening

ROOT = Path(__file__).parents[3]
RACED_ORDERS = 20


class Sandbox:
    """A running ``python -m sandbox``."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            raw = response.read()
            is_json = response.headers.get_content_type() == "application/json"
            return response.status, json.loads(raw) if is_json else {}
        finally:
            connection.close()

    def send(self, method: str, path: str, headers: dict[str, str], raw: bytes | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, raw, headers)
            response = connection.getresponse()
            text = response.read()
            return {"status": response.status, "location": response.getheader("Location"), "text": text}
        finally:
            connection.close()


def environment(database: Path, address: str) -> dict[str, str]:
    return os.environ | {
        "ENVIRONMENT": "development",
        "SANDBOX_ADDRESS": address,
        "SANDBOX_DATABASE": str(database),
        "SANDBOX_RESIDENTS": "0",
    }


@contextmanager
def running(database: Path) -> Iterator[Sandbox]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=environment(database, "127.0.0.1:0"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed = process.stdout.readline()
        assert printed.startswith("sandbox: http://127.0.0.1:"), printed
        yield Sandbox(process, int(printed.split(":")[3].split("/")[0]))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def signer() -> Caller:
    """Only signs: its own client is never called."""
    return Caller(Flask("signer").test_client(), Settings())


def place(sandbox: Sandbox, signer: Caller, **changed: Any) -> tuple[str, str]:
    """merOrderId and cashier path of a new order."""
    fields = signer.order_fields(**changed)
    answer = sandbox.send("GET", signer.webpay_path(fields), {}, None)
    assert answer["status"] == 302, answer
    return str(fields["merOrderId"]), str(answer["location"])


def test_a_scheduled_notify_survives_kill_9(tmp_path: Path, signer: Caller) -> None:
    receiver = Receiver()
    with listening(receiver) as url:
        with running(tmp_path / "sandbox.sqlite3") as sandbox:
            sandbox.call("PUT", "/sandbox/api/settings", {"notify": {"delay_seconds": [0.8, 0.8]}})
            number, _ = place(sandbox, signer, notifyUrl=url)
            assert sandbox.call("POST", f"/sandbox/api/orders/{number}/pay")[0] == 200
            sandbox.process.kill()
            sandbox.process.wait()
            assert receiver.received == []
        with running(tmp_path / "sandbox.sqlite3") as sandbox:
            assert receiver.wait_for(1, seconds=10)
            time.sleep(0.3)
            assert [fields["merOrderId"] for fields in receiver.fields] == [number]
            _, order = sandbox.call("GET", f"/sandbox/api/orders/{number}")
            assert (order["status"], order["notifies"][0]["state"]) == ("TRADE_SUCCESS", "delivered")
            _, settings = sandbox.call("GET", "/sandbox/api/settings")
            assert settings["notify"]["delay_seconds"] == [0.8, 0.8]


def test_a_refused_notify_is_tried_again_by_itself(tmp_path: Path, signer: Caller) -> None:
    receiver = Receiver()
    receiver.answers = [(500, b""), (200, b"FAIL")]
    with listening(receiver) as url, running(tmp_path / "sandbox.sqlite3") as sandbox:
        sandbox.call("PUT", "/sandbox/api/settings", {"notify": {"retry_schedule": [0.1, 0.1, 0.1]}})
        number, _ = place(sandbox, signer, notifyUrl=url)
        sandbox.call("POST", f"/sandbox/api/orders/{number}/pay")
        assert receiver.wait_for(3, seconds=10)
        assert not receiver.wait_for(4, seconds=0.4)


def test_paying_and_closing_at_once_has_one_winner(tmp_path: Path, signer: Caller) -> None:
    with running(tmp_path / "sandbox.sqlite3") as sandbox, ThreadPoolExecutor(8) as pool:
        placed = [place(sandbox, signer, notifyUrl="")[0] for _ in range(RACED_ORDERS)]
        for number in placed:
            path, headers, raw = signer.signed_call("close", number)
            pays = [pool.submit(sandbox.call, "POST", f"/sandbox/api/orders/{number}/pay") for _ in range(3)]
            closing = pool.submit(sandbox.send, "POST", path, headers, raw)
            paid = [pay.result()[0] for pay in pays].count(200)
            closed = json.loads(closing.result()["text"])["errCode"] == "SUCCESS"
            assert paid + closed == 1
            _, order = sandbox.call("GET", f"/sandbox/api/orders/{number}")
            assert order["status"] == ("TRADE_SUCCESS" if paid else "TRADE_CLOSED")


def test_a_slow_call_does_not_hold_up_the_others(tmp_path: Path, signer: Caller) -> None:
    with running(tmp_path / "sandbox.sqlite3") as sandbox, ThreadPoolExecutor(10) as pool:
        sandbox.call("PUT", "/sandbox/api/settings", {"unionpay": {"latency_ms": 400}})
        list(pool.map(lambda _: place(sandbox, signer, notifyUrl=""), range(10)))
        _, counted = sandbox.call("GET", "/sandbox/api/counters")
        assert counted["max_in_flight"]["unionpay.webpay_pay"] > 5


def test_a_taken_address_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "one.sqlite3") as sandbox:
        second = subprocess.run(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env=environment(tmp_path / "two.sqlite3", f"127.0.0.1:{sandbox.port}"),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert second.returncode != 0
    assert "Address already in use" in second.stderr


def test_production_is_refused(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=environment(tmp_path / "x.sqlite3", "127.0.0.1:0") | {"ENVIRONMENT": "production"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert refused.returncode == 2
    assert "production" in refused.stderr


def test_sigterm_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "sandbox.sqlite3") as sandbox:
        sandbox.process.terminate()
        assert sandbox.process.wait(timeout=5) == 0
