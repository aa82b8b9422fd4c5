"""Examples of whole payloads and of errors, put together from the words of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.errors import ContractError
from services.gateway.api.words import word_of

_INSTANCE = "urn:correlation:5f0c7c1e6b0a4c8e9d572f6a1b3c4d5e"


def example_of(payload: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A payload with every field filled in."""
    fields = schemas[payload]["properties"]
    return {name: _value(payload, name, described, schemas) for name, described in fields.items()}


def _value(payload: str, name: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    if "anyOf" in described:
        described = described["anyOf"][0]
    if "$ref" in described:
        return example_of(described["$ref"].rpartition("/")[2], schemas)
    if described.get("type") == "array" and "$ref" in described["items"]:
        return [example_of(described["items"]["$ref"].rpartition("/")[2], schemas)]
    if "enum" in described:
        return described["enum"][0]
    return word_of(payload, name).example


def problem_example(error: type[ContractError]) -> dict[str, Any]:
    """An error as it is answered, as an Example Object."""
    answered = {"type": f"urn:gx-tax:{error.code}", "title": error.text, "status": error.status}
    return {"summary": error.text, "value": answered | {"instance": _INSTANCE}}
