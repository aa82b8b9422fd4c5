"""The OpenAPI document is what is served: nothing more, nothing less, nothing made up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from contract import schema
from contract.errors import ContractError
from kit.http import Access, HttpEntrypoint
from scripts.lib.write_openapi import SERVER, TARGET, text
from services.gateway.api.introduction import SUBJECTS
from services.gateway.api.openapi import document, errors_of
from services.gateway.api.operations import OPERATIONS, PREFIX, Operation
from services.gateway.api.reference import chapters
from services.gateway.service import GatewayService


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(OPERATIONS, SERVER)


@pytest.fixture(scope="module")
def registry(described: dict[str, Any]) -> Registry[Any]:
    """The document, as validators look up its references."""
    return Registry().with_resource("urn:api", DRAFT202012.create_resource(described)).crawl()


def _in(described: dict[str, Any], operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = described["paths"][operation.address][operation.method.lower()]
    return found


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
    about_itself = {("GET", f"{PREFIX}/openapi.json"), ("GET", f"{PREFIX}/reference")}
    assert _served() == operations | about_itself


def test_it_is_valid_openapi(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_the_stored_document_is_what_the_routes_say_now() -> None:
    assert TARGET.read_text("utf-8") == text(), "run scripts/openapi"


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    written = json.dumps(described)
    for kind in ("schemas", "examples"):
        references = set(re.findall(rf"#/components/{kind}/(\w+)", written))
        assert references == set(described["components"][kind])


def test_fields_are_described_as_they_travel(described: dict[str, Any]) -> None:
    order = described["components"]["schemas"]["OrderView"]["properties"]
    assert order["amount"]["type"] == "integer"
    assert order["created_at"].items() >= {"type": "string", "format": "date-time"}.items()
    assert order["paid_at"]["anyOf"][1] == {"type": "null"}
    assert "paid" in order["state"]["enum"]
    assert described["components"]["schemas"]["Tiers"]["properties"]["tiers"]["type"] == "array"


def test_every_field_and_parameter_is_explained_in_chinese(described: dict[str, Any]) -> None:
    for name, payload in described["components"]["schemas"].items():
        for field, said in payload["properties"].items():
            assert re.search("[一-鿿]|JSON|HTTP", said["description"]), f"{name}.{field}"
    for operation in OPERATIONS:
        for parameter in _in(described, operation)["parameters"]:
            assert re.search("[一-鿿]", parameter["description"]), f"{operation.name}: {parameter['name']}"


def test_an_example_is_what_is_taken_and_given(described: dict[str, Any], registry: Registry[Any]) -> None:
    for operation, taken, content in _contents(described):
        named = {"$ref": f"urn:api{content['schema']['$ref']}"}
        check = jsonschema.Draft202012Validator(
            named, registry=registry, format_checker=jsonschema.FormatChecker()
        )
        check.validate(content["example"])
        if taken and operation.body:
            schema.load(operation.body, content["example"])


def _contents(described: dict[str, Any]) -> Iterator[tuple[Operation, bool, dict[str, Any]]]:
    """Everything JSON that is taken (True) or given."""
    for operation in OPERATIONS:
        said = _in(described, operation)
        for part in (said.get("requestBody", {}), *said["responses"].values()):
            if content := part.get("content", {}).get("application/json"):
                yield operation, "required" in part, content


def test_an_operation_says_who_may_call_it_and_what_it_may_refuse(described: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        said = _in(described, operation)
        assert operation.subject in SUBJECTS and said["tags"] == [operation.subject]
        assert bool(said["security"]) == (operation.access is not Access.PUBLIC)
        refused = {
            code: part["description"]
            for part in said["responses"].values()
            for code in part.get("content", {}).get("application/problem+json", {}).get("examples", {})
        }
        for error in errors_of(operation):
            assert error.text in refused[error.code]


def test_no_two_operations_have_one_name() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_examples_of_errors_are_true(described: dict[str, Any]) -> None:
    known = ContractError.known() | {ContractError.code: ContractError}
    for code, example in described["components"]["examples"].items():
        assert example["value"]["type"] == f"urn:gx-tax:{code}"
        assert example["value"]["title"] == known[code].text
        assert example["value"]["status"] == known[code].status


def test_an_act_takes_a_key_or_says_what_a_second_one_does() -> None:
    """GET, PUT and DELETE may be repeated by what they are."""
    for operation in OPERATIONS:
        if operation.method == "POST":
            assert operation.repeated or "Idempotency-Key" in operation.headers, operation.name
        else:
            assert operation.method in ("GET", "PUT", "DELETE")


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


def test_limits_are_documented_with_when_to_come_back(described: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        limited = _in(described, operation)["responses"]["429"]
        assert "too_many" in limited["content"]["application/problem+json"]["examples"]
        assert "Retry-After" in limited["headers"]


def test_placing_needs_a_key_and_names_its_refusals(described: dict[str, Any]) -> None:
    placing = described["paths"][f"{PREFIX}/orders"]["post"]
    assert {"name": "Idempotency-Key", "in": "header"}.items() <= placing["parameters"][0].items()
    assert "quote_forged" in placing["responses"]["409"]["description"]
    assert "idempotency_conflict" in placing["responses"]["409"]["description"]


def test_the_reference_shows_every_operation_with_all_it_says(described: dict[str, Any]) -> None:
    shown = {entry.anchor: entry for chapter in chapters(described) for entry in chapter.entries}
    assert set(shown) == {operation.name for operation in OPERATIONS}
    for operation in OPERATIONS:
        entry = shown[operation.name]
        assert {code for _, code, _ in entry.errors} == {error.code for error in errors_of(operation)}
        assert bool(entry.sent) == bool(operation.body) == bool(entry.sent_example)
    placed = shown["place_order"]
    assert [row.name for row in placed.parameters] == ["Idempotency-Key"]
    assert {"quote", "reminder_phone"} == {row.name for row in placed.sent}
