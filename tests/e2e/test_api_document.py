"""Whatever the document allows to be sent, and what it does not: no 500, and no answer the document does not promise.

`scripts/fuzz 200` tries two hundred requests of every operation instead of a few.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.local.system import EmbeddedSystem
from services.gateway.api.operations import OPERATIONS
from services.gateway.service import GatewayService
from tests.e2e.client import Client
from tests.e2e.sandbox import Sandbox

_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
_CHECKS = [
    checks.not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
_ENDS_THE_SESSION = ("close_session", "end_session", "end_other_sessions")
_BUSY = {503, 504}
"""Nothing of ours: the upstream of a person who does not exist, or a machine with much else to do."""

NAMES = [operation.name for operation in OPERATIONS if operation.name not in _ENDS_THE_SESSION]
assert GatewayService.name == "gateway", "importing the service fills the table"


@pytest.fixture(scope="module")
def payer(embedded_system: EmbeddedSystem) -> Iterator[Client]:
    client = Client(embedded_system, Sandbox(embedded_system).resident())
    client.log_in()
    client.quote()
    return client


@pytest.fixture(scope="module")
def described(embedded_system: EmbeddedSystem) -> Any:
    document = requests.get(f"{embedded_system.url}/api/v1/openapi.json", timeout=20).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=embedded_system.url)
    return {found.ok().definition.raw["operationId"]: found.ok() for found in schema.get_all_operations()}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fit", "unfit"])
@pytest.mark.parametrize("name", [*NAMES, *_ENDS_THE_SESSION])
def test_an_operation_keeps_what_the_document_promises(
    name: str, mode: GenerationMode, described: Any, payer: Client
) -> None:
    operation = described[name]
    if mode is GenerationMode.NEGATIVE and not (
        operation.path_parameters or operation.query or operation.body
    ):
        pytest.skip("nothing can be sent that does not fit")
    strategy = operation.as_strategy(generation_mode=mode)

    @settings(
        max_examples=_EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy)
    def keeps(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {payer.token}"}, timeout=60)
        if answer.status_code in _BUSY:
            assert answer.json()["type"] in _documented(operation, answer.status_code)
            return
        case.validate_response(answer, checks=_CHECKS)
        if answer.status_code >= 400:
            _is_a_refusal(operation, answer, payer)

    keeps()


def _is_a_refusal(operation: Any, answer: Any, payer: Client) -> None:
    """Its code is one the document names, its words are Chinese, and it says nothing about anybody."""
    problem = answer.json()
    assert problem["type"] in _documented(operation, answer.status_code), problem
    assert re.search("[一-鿿]", problem["title"])
    assert payer.someone.number not in answer.text and payer.someone.phone not in answer.text


def _documented(operation: Any, status: int) -> set[str]:
    named = operation.definition.raw["responses"].get(str(status), {}).get("content", {})
    return {f"urn:gx-tax:{code}" for code in named.get("application/problem+json", {}).get("examples", {})}
