"""What somebody who steals the databases and the logs learns about people: nothing (security.md 10, 11)."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bench.resident import Refused, Resident
from deploy.local.system import FullSystem
from deploy.topology import SERVICES
from tests.e2e.sandbox import Sandbox, Someone

STRANGER = {"document_type": "201", "document_number": "450103197806122041", "name": "覃不对"}
"""Refused for its check digit: what was typed wrongly must not be logged either."""

CHILD_PHONE = "13977712345"

ACCOUNT, WRONG_ACCOUNT = "6217003410000000051", "6217003410000000052"
"""One to sign an agreement for, and one refused for its check digit."""


def _resident(system: FullSystem, someone: Someone) -> Resident:
    appid = system.settings.secrets["WECHAT_APPID"]
    return Resident(
        system.url, system.sandbox_url, appid, openid=someone.openid, name=someone.name, number=someone.number,
        phone=someone.phone,
    )  # fmt: skip


@pytest.fixture(scope="module")
def people(full_system: FullSystem) -> list[str]:
    """Whole lives in the system; every personal text that went through it."""
    sandbox = Sandbox(full_system)
    payer, insured, child = sandbox.resident(), sandbox.resident(), sandbox.persona("under_14")
    resident = _resident(full_system, payer)
    resident.enter()
    with pytest.raises(Refused):
        resident.call(
            "POST", "/login-codes", {**STRANGER, "phone": payer.phone, "consent_version": "2026-11"}
        )
    resident.log_in()
    place = {"city": {"code": "4501"}, "county": {"code": "450103"}}
    typed = {
        "document_type": "201",
        "name": child.name,
        "document_number": child.number,
        "phone": CHILD_PHONE,
    }
    consents = {"consent_version": "2026-11", "guardian_consent_version": "2026-11"}
    with pytest.raises(Refused):
        resident.call("POST", "/household", {**STRANGER, "kinship": "child", **consents})
    resident.call("POST", "/household", {**typed, "place": place, "kinship": "child", **consents})
    other = {
        "document_type": "201",
        "name": insured.name,
        "document_number": insured.number,
        "phone": insured.phone,
    }
    placed = resident.place(resident.quote(other))
    resident.pay(resident.open_cashier(placed["payment_url"]))
    sandbox.wait_for_sms(insured, lambda text: "缴费成功" in text)
    _sign_agreement(resident)
    resident.call("GET", "/account/export")
    named = [
        text for one in (payer, insured, child) for text in (one.name, one.number, one.phone, one.openid)
    ]
    return [*named, CHILD_PHONE, STRANGER["document_number"], STRANGER["name"], ACCOUNT, WRONG_ACCOUNT]


def _sign_agreement(resident: Resident) -> None:
    resident.call("POST", "/agreement-consent", {"consent_version": "2026-11"})
    with pytest.raises(Refused):
        resident.call("POST", "/agreement-drafts", {"bank_code": "105", "account_number": WRONG_ACCOUNT})
    typed = {"bank_code": "105", "account_number": ACCOUNT}
    draft = resident.call("POST", "/agreement-drafts", typed)["draft"]
    key = {"Idempotency-Key": "agreement-1"}
    signed = resident.call("POST", "/agreements", {"draft": draft}, **key)
    assert resident.call("GET", f"/agreements/{signed['agreement_id']}")["state"] == "active"


def _forms(text: str) -> Iterator[bytes]:
    """A text as it might be lying about."""
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield text.encode("gb18030")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield json.dumps(text)[1:-1].encode()
    yield base64.b64encode(raw)[: len(raw) // 3 * 4 or None]


def _found(people: list[str], material: bytes) -> list[str]:
    return [text for text in people if any(form in material for form in _forms(text))]


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in ("ocr", "certificate")])
def test_a_dump_of_a_database_names_nobody(full_system: FullSystem, people: list[str], service: str) -> None:
    dump = _dump(full_system, service)
    assert b"INSERT INTO" in dump, "what is not personal can be read"
    assert _found(people, dump) == []


def test_the_logs_name_nobody(full_system: FullSystem, people: list[str]) -> None:
    logs = {path: path.read_bytes() for path in Path(full_system.state / "log").rglob("*") if path.is_file()}
    assert any(b"gateway" in text for text in logs.values()), "these are the logs"
    assert {path.name: found for path, text in logs.items() if (found := _found(people, text))} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_the_metrics_name_nobody(full_system: FullSystem, people: list[str], service: str) -> None:
    for url in full_system.urls(service):
        scraped = requests.get(f"{url}/metrics", timeout=10).content
        assert b"work_seconds" in scraped, "these are the metrics"
        assert _found(people, scraped) == []


def test_this_search_finds_what_is_there(people: list[str]) -> None:
    for text in people:
        for form in _forms(text):
            assert text in _found(people, b"before " + form + b" after")


def _dump(system: FullSystem, service: str) -> bytes:
    url = system.postgresql.url(service).replace("postgresql+psycopg2", "postgresql")
    command = ["/usr/lib/postgresql/15/bin/pg_dump", "--inserts", url]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
