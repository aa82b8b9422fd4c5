"""A payment of another tax system, told by plain AMQP: in the payer's statistics, by SMS, once (docs/adr/0019)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.process import wait_until
from deploy.local.system import FullSystem
from kit.masking import mask_number
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox, Someone

ROOT = Path(__file__).parents[2]


def _publish(system: FullSystem, kind: str, payer: Someone, insured: Someone, *more: str) -> dict[str, Any]:
    """What scripts/publish-event told, as it printed it."""
    done = subprocess.run(
        ["scripts/publish-event", kind, "--state", str(system.state), "--port", str(system.settings.ports.base),
         "--number", insured.number, "--name", insured.name, "--payer-number", payer.number, "--payer-name", payer.name,
         "--phone", payer.phone, *more],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told, _, hint = done.stdout.partition("\n\n")
    assert "代他人缴费统计" in hint
    assert insured.number not in told and insured.name not in told and payer.number not in told
    event: dict[str, Any] = json.loads(told)
    return event


def test_a_payment_of_another_system_shows_and_reminds_once(full_system: FullSystem) -> None:
    sandbox = Sandbox(full_system)
    client, stranger = (Client(full_system, sandbox.resident()) for _ in range(2))
    client.log_in()
    stranger.log_in()
    payer, insured = client.someone, sandbox.resident()

    def rows(asked: Client = client) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = asked.call("GET", "/paid-for-others").json()["rows"]
        return found

    event = _publish(full_system, "succeeded", payer, insured)
    assert wait_until(lambda: [row["result"] for row in rows()] == ["succeeded"], 20)
    [row] = rows()
    assert (row["channel"], row["amount"], row["order_id"]) == ("wechat_city", 40000, "")
    assert row["insured_number"] == mask_number(insured.number) and row["town"] == "建政街道"
    assert rows(stranger) == []
    sandbox.wait_for_sms(payer, lambda text: "微信城市服务" in text and "400.00" in text)

    again = ("--order", event["subject"])
    _publish(full_system, "succeeded", payer, insured, *again)
    _publish(full_system, "failed", payer, insured, *again)
    _publish(full_system, "succeeded", payer, insured, "--order", "another", "--source", "/nobody")
    parked = "SELECT count(*) FROM inbox WHERE state = 'parked' AND reason LIKE '%PUBLISHER_KEYS%'"
    assert wait_until(lambda: full_system.postgresql.run(parked, "payment") == [(1,)], 20)
    assert [row["result"] for row in rows()] == ["succeeded"]
    _publish(full_system, "refunded", payer, insured, *again)
    assert wait_until(lambda: "refunded" in [row["result"] for row in rows()], 20)
    reminders = [text for text in sandbox.sms(payer) if "微信城市服务" in text]
    assert len(reminders) == 2, "one of each source: told again under another id, nobody is reminded again"
