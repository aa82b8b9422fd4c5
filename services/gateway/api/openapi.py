"""The OpenAPI 3.1 document, made from the route table and the payloads' marshmallow schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from contract.errors import ContractError
from contract.json_schema import reference
from contract.schema import schema_of
from kit.http import Access
from services.gateway.api.operations import API_KEY, PREFIX, Operation

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; `type` is urn:gx-tax:<code>, `title` the Chinese text a person may read.",
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "instance": {"type": "string"}, "field": {"type": "string"},
    },
    "required": ["type", "title", "status", "instance"],
}  # fmt: skip

_RETRY_AFTER = {
    "Retry-After": {"description": "seconds after which to ask again", "schema": {"type": "integer"}}
}
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [], Access.CLIENT: [{"api_key": []}, {"session": []}],
}  # fmt: skip
_FORM_OF_PHOTO = {
    "type": "object",
    "properties": {
        "image": {
            "type": "string",
            "format": "binary",
            "description": "JPEG、PNG、WebP 或 HEIC，不超过 10 MB",
        },
        "side": {"type": "string", "enum": ["FRONT", "BACK"], "description": "要哪一面；不填则自动判断"},
    },
    "required": ["image"],
}
_COME_BACK = {"429", "503"}
"""Statuses whose answers may say when."""


def document(operations: Iterable[Operation], server: str) -> dict[str, Any]:
    """All operations as one OpenAPI document."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    for operation in operations:
        path = PREFIX + re.sub(r"<(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "社保费缴费 API", "version": "1", "description": "金额单位为分。"},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer"},
                "api_key": {"type": "apiKey", "in": "header", "name": API_KEY},
            },
        },
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _answer(operation, schemas)} | _failures(operation),
        "security": _SECURITY.get(operation.access, [{"session": []}]),
        "x-access": operation.access.value,
    }
    if operation.body is not None:
        content = {"application/json": {"schema": reference(schema_of(operation.body), schemas)}}
        if operation.upload:
            content["multipart/form-data"] = {"schema": _FORM_OF_PHOTO}
        described["requestBody"] = {"required": True, "content": content}
    if operation.samples:
        described["x-codeSamples"] = list(operation.samples)
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    in_path = [(name, "path", "") for name in re.findall(r"<(\w+)>", operation.path)]
    in_query = [(name, "query", meaning) for name, meaning in operation.query.items()]
    in_headers = [(name, "header", meaning) for name, meaning in operation.headers.items()]
    needed = [*in_path, *in_query, *in_headers]
    optional = [(name, "query", meaning) for name, meaning in operation.optional.items()]
    return [
        {"name": name, "in": place, "required": required, "schema": text, "description": meaning}
        for required, named in ((True, needed), (False, optional))
        for name, place, meaning in named
    ]


def _answer(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.media:
        file = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "done", "content": {operation.media: file}}
    if operation.answer is None:
        return {"description": "done"}
    payload = schema_of(operation.answer)
    content = {"application/json": {"schema": reference(payload, schemas)}}
    headers = {"headers": _RETRY_AFTER} if "retry_after" in payload.fields else {}
    return {"description": "done", "content": content, **headers}


def _failures(operation: Operation) -> dict[str, Any]:
    """The errors an operation names, by status; several may share one."""
    by_status: dict[str, list[type[ContractError]]] = {}
    for error in operation.errors:
        by_status.setdefault(str(error.status), []).append(error)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {
            "description": "; ".join(f"{e.code}: {e.text}" for e in errors),
            "content": content,
            **({"headers": _RETRY_AFTER} if status in _COME_BACK else {}),
        }
        for status, errors in sorted(by_status.items())
    }
