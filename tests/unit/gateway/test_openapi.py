"""The OpenAPI document is what is served: nothing more, nothing less, nothing made up."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kit.http import Access, HttpEntrypoint
from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS, PREFIX
from services.gateway.service import GatewayService

SERVER = "https://sb.example"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(OPERATIONS, SERVER)


def _served() -> set[tuple[str, str]]:
    entrypoints = (
        entrypoint
        for name in dir(GatewayService)
        for entrypoint in getattr(getattr(GatewayService, name), "nameko_entrypoints", ())
    )
    return {
        (entrypoint.method, entrypoint.url)
        for entrypoint in entrypoints
        if isinstance(entrypoint, HttpEntrypoint) and entrypoint.url.startswith(PREFIX)
    }


def test_it_describes_every_route_that_is_served_and_no_other() -> None:
    operations = {(operation.method, PREFIX + operation.path) for operation in OPERATIONS}
    assert _served() == operations | {("GET", f"{PREFIX}/openapi.json")}


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described)))
    assert references == set(described["components"]["schemas"])


def test_fields_are_described_as_they_travel(described: dict[str, Any]) -> None:
    order = described["components"]["schemas"]["OrderView"]["properties"]
    assert order["amount"] == {"type": "integer"}
    assert order["created_at"] == {"type": "string", "format": "date-time"}
    assert order["paid_at"]["anyOf"][1] == {"type": "null"}
    assert "paid" in order["state"]["enum"]
    assert described["components"]["schemas"]["Tiers"]["properties"]["tiers"]["type"] == "array"


def test_only_what_needs_a_session_asks_for_one(described: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        path = PREFIX + re.sub(r"<(\w+)>", r"{\1}", operation.path)
        security = described["paths"][path][operation.method.lower()]["security"]
        assert bool(security) == (operation.access is not Access.PUBLIC)


def test_who_has_to_wait_is_told_when_to_look_again(described: dict[str, Any]) -> None:
    for method, path in (("post", "enrolments"), ("get", "enrolments/{journey_id}")):
        responses = described["paths"][f"{PREFIX}/{path}"][method]["responses"]
        assert "Retry-After" in responses["200"]["headers"]
        assert "upstream_busy" in responses["503"]["description"]
    found = described["components"]["schemas"]["EnrolmentFound"]["properties"]
    assert found["ahead"]["anyOf"][0] == {"type": "integer"}
    for method, path in (("post", "quotes"), ("get", "quotes/{journey_id}")):
        waiting = described["paths"][f"{PREFIX}/{path}"][method]["responses"]["503"]
        assert "still_asking" in waiting["description"]
        assert "Retry-After" in waiting["headers"]


def test_placing_needs_a_key_and_names_its_refusals(described: dict[str, Any]) -> None:
    placing = described["paths"][f"{PREFIX}/orders"]["post"]
    assert {"name": "Idempotency-Key", "in": "header"}.items() <= placing["parameters"][0].items()
    assert "quote_forged" in placing["responses"]["409"]["description"]
    assert "idempotency_conflict" in placing["responses"]["409"]["description"]
