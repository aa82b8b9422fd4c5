"""Every RPC that names whose data is asked for, asked by a stranger who knows everybody's ids: the service that owns
the data tells nothing, whatever the gateway let through (security.md 4)."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.system import FullSystem
from tests.architecture.test_rpc_owners import METHODS, OWNERS
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox
from tests.factories.payloads import sample

STRANGER = {"document_type": "201", "document_number": "450103197806122040", "name": "韦秀兰"}
OWNED = [
    method for method in METHODS
    if OWNERS & set(sample(f"{method.service}.{method.name}")["request"]) and method.name != "check_health"
]  # fmt: skip
ANSWERS = {409, 404, 422, 429}
"""What a stranger may be told: no, not found, or not like this."""


@pytest.fixture(scope="module")
def ask(full_system: FullSystem) -> Iterator[Any]:
    """Calls a method over the system's bus."""
    uri = full_system.environment("gateway")["AMQP_URI"]
    command = [sys.executable, "-W", "ignore", "-m", "tests.e2e.rpc_caller", uri]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdin and caller.stdout

        def call(service: str, name: str, request: Any) -> Any:
            assert caller.stdin and caller.stdout
            caller.stdin.write(json.dumps({"service": service, "name": name, "request": request}) + "\n")
            caller.stdin.flush()
            return json.loads(caller.stdout.readline())

        yield call
        caller.stdin.close()


@pytest.fixture(scope="module")
def known(full_system: FullSystem) -> dict[str, str]:
    """The ids of what a payer has, by the fields that name them."""
    sandbox = Sandbox(full_system)
    payer, child = Client(full_system, sandbox.resident()), sandbox.resident()
    payer.log_in()
    consent = payer.call("GET", "/household").json()["consent_version"]
    member = {
        "name": child.name, "document_number": child.number, "kinship": "other", "consent_version": consent,
        "guardian_consent_version": consent,
    }  # fmt: skip
    added = payer.call("POST", "/household", member)
    assert added.status_code == 201, added.text
    key = {"Idempotency-Key": "strangers-walk"}
    placed = payer.call("POST", "/orders", {"quote": payer.quote()["quote"]}, **key)
    period = {"period_from": "202601", "period_to": "202612"}
    certificate = payer.call("POST", "/certificates", period, **key)
    return {
        "member_id": added.json()["member_id"], "order_id": placed.json()["order_id"],
        "certificate_id": certificate.json()["certificate_id"],
        "pick_id": payer.call("GET", "/insured").json()["picks"][0]["pick_id"],
        "name": payer.someone.name, "document_number": payer.someone.number, "phone": payer.someone.phone,
    }  # fmt: skip


def _as_stranger(request: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The sample, asked by somebody else, about what the payer has."""
    ids = {name: value for name, value in known.items() if name.endswith("_id")}
    asked = {name: ids.get(name, value) for name, value in request.items()}
    for name in OWNERS & set(request):
        whole = request[name]
        if isinstance(whole, dict):
            asked[name] = STRANGER if name == "person" else whole | {"person_id": str(uuid.uuid4())}
        else:
            asked[name] = str(uuid.uuid4())
    return asked


def test_a_stranger_learns_nothing_from_any_service(ask: Any, known: dict[str, str]) -> None:
    assert len(OWNED) > 40
    for method in OWNED:
        request = _as_stranger(sample(f"{method.service}.{method.name}")["request"], known)
        told = ask(method.service, method.name, request)
        name = f"{method.service}.{method.name}"
        if "error" in told:
            assert told["status"] in ANSWERS, (name, told)
            continue
        asked_for = {value for value in request.values() if isinstance(value, str)}
        secrets = {value for value in known.values() if value not in asked_for}
        text = json.dumps(told, ensure_ascii=False)
        assert not any(secret in text for secret in secrets), (name, told)


def test_what_a_payer_has_is_not_found_by_its_id(ask: Any, known: dict[str, str]) -> None:
    for method in OWNED:
        request = sample(f"{method.service}.{method.name}")["request"]
        if {"member_id", "order_id", "certificate_id", "pick_id"} & set(request):
            told = ask(method.service, method.name, _as_stranger(request, known))
            assert told.get("status") in (404, 409, 422), (method.name, told)
