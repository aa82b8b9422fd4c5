"""The OpenAPI 3.1 document, made from the route table and the payloads' marshmallow schemas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contract.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ContractError,
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    TooMany,
    Unavailable,
    UnreadableRequest,
)
from contract.insurance import InsuranceType, PayerKind
from contract.json_schema import reference
from contract.paid_for_others import ExportFormat, PaidResult
from contract.schema import schema_of
from kit.http import Access
from services.gateway.api.examples import example_of, problem_example
from services.gateway.api.introduction import SECTIONS, SUBJECTS, TITLE
from services.gateway.api.operations import API_KEY, KEY_PATTERN, Operation
from services.gateway.api.words import FIELDS, word_of
from services.gateway.errors import LoginNeeded, SessionNeeded, UnknownKey

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string", "description": "urn:gx-tax:<代码>；代码不会改变"},
        "title": {"type": "string", "description": "可以直接给人看的中文"},
        "status": {"type": "integer", "description": "HTTP 状态"},
        "instance": {"type": "string", "description": "查日志用的编号"},
        "field": {"type": "string", "description": "填错的字段"},
        "retry_after": {"type": "integer", "description": "多少秒以后再试"},
        "ahead": {"type": ["integer", "null"], "description": "前面还有几人"},
    },
    "required": ["type", "title", "status", "instance"],
}
_RETRY_AFTER = {"Retry-After": {"description": "多少秒以后再试", "schema": {"type": "integer"}}}
_SESSION = [{"session": []}]
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [], Access.CLIENT: [{"api_key": []}, *_SESSION],
}  # fmt: skip
_SCHEMES = {
    "session": {
        "type": "http", "scheme": "bearer", "description": "POST /wechat-sessions 和 POST /sessions 给出的 token",
    },
    "api_key": {"type": "apiKey", "in": "header", "name": API_KEY, "description": "接口密钥，只用于识别身份证"},
}  # fmt: skip
_REFUSED_BY_ACCESS: dict[Access, tuple[type[ContractError], ...]] = {
    Access.PUBLIC: (), Access.CLIENT: (LoginNeeded, SessionNeeded, UnknownKey),
}  # fmt: skip
_FORM_OF_PHOTO = {
    "type": "object",
    "properties": {
        "image": {
            "type": "string", "format": "binary",
            "description": "JPEG、PNG、WebP 或 HEIC，不超过 10 MB",
        },
        "side": {"type": "string", "enum": ["FRONT", "BACK"], "description": "要哪一面；不填则自动判断"},
        "consent_version": {
            "type": "string",
            "description": "拍照前所同意的《身份证照片授权说明》的版本；用会话调用时必填，用密钥调用时不填",
        },
    },
    "required": ["image"],
}  # fmt: skip
_COME_BACK = {"429", "503"}
"""Statuses whose answers may say when."""

_TEXT = {"type": "string", "minLength": 1}
_NAMED: dict[str, dict[str, Any]] = {
    "year": {"type": "integer", "example": 2026},
    "page": {"type": "integer", "minimum": 1},
    "first": {"type": "integer", "minimum": 1, "default": 1},
    "since": {"type": "string", "format": "date", "example": "2026-01-01"},
    "until": {"type": "string", "format": "date", "example": "2026-12-31"},
    "parent": {"type": "string", "example": "45"},
    "after": {"type": "string"},
    "place_code": {"type": "string", "example": "450103"},
    "division_code": {"type": "string", "pattern": "^45[0-9]{4}$", "example": "450103"},
    "insurance_type": {"type": "string", "enum": [kind.value for kind in InsuranceType]},
    "payer_kind": {"type": "string", "enum": [kind.value for kind in PayerKind]},
    "result": {"type": "string", "enum": [result.value for result in PaidResult]},
    "extension": {"type": "string", "enum": [format_.value for format_ in ExportFormat]},
    "Idempotency-Key": {"type": "string", "pattern": f"^{KEY_PATTERN}$", "example": "b1946ac92492d2347c62"},
}
"""What parameters hold that are more than some text."""


def document(operations: Iterable[Operation], server: str) -> dict[str, Any]:
    """All operations as one OpenAPI document, by subject."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    examples: dict[str, Any] = {}
    subjects = list(SUBJECTS)
    for operation in sorted(operations, key=lambda one: subjects.index(one.subject)):
        paths.setdefault(operation.address, {})[operation.method.lower()] = _operation(operation, schemas)
        examples |= {error.code: problem_example(error) for error in errors_of(operation)}
    _describe(schemas)
    _give_examples(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": _introduction()},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in SUBJECTS.items()],
        "paths": paths,
        "components": {"schemas": schemas, "examples": examples, "securitySchemes": _SCHEMES},
    }


def _introduction() -> str:
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in SECTIONS)


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.subject],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _answer(operation, schemas)} | _failures(operation),
        "security": _SECURITY.get(operation.access, _SESSION),
        "x-access": operation.access.value,
    }
    if operation.repeated:
        described["description"] = f"再提交一次：{operation.repeated}"
    if operation.body is not None:
        content = {"application/json": {"schema": reference(schema_of(operation.body), schemas)}}
        if operation.upload:
            content["multipart/form-data"] = {"schema": _FORM_OF_PHOTO}
        described["requestBody"] = {"required": True, "content": content}
    if operation.samples:
        described["x-codeSamples"] = list(operation.samples)
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = [(name, "path", FIELDS[name].text) for name in operation.parameters]
    in_query = [(name, "query", meaning) for name, meaning in operation.query.items()]
    in_headers = [(name, "header", meaning) for name, meaning in operation.headers.items()]
    optional = [(name, "query", meaning) for name, meaning in operation.optional.items()]
    return [
        _parameter(name, place, required, meaning)
        for required, named in ((True, [*in_path, *in_query, *in_headers]), (False, optional))
        for name, place, meaning in named
    ]


def _parameter(name: str, place: str, required: bool, meaning: str) -> dict[str, Any]:
    schema = dict(_NAMED.get(name, _TEXT))
    example = schema.pop("example", None) or (FIELDS[name].example if name in FIELDS else None)
    described = {"name": name, "in": place, "required": required, "schema": schema, "description": meaning}
    return described | ({"example": example} if example and "enum" not in schema else {})


def _answer(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.media:
        files = {media: {"schema": {"type": "string", "format": "binary"}} for media in operation.media}
        return {"description": "文件", "content": files}
    if operation.answer is None:
        return {"description": "已办好，没有内容"}
    payload = schema_of(operation.answer)
    content = {"application/json": {"schema": reference(payload, schemas)}}
    headers = {"headers": _RETRY_AFTER} if "retry_after" in payload.fields else {}
    return {"description": "已办好", "content": content, **headers}


def errors_of(operation: Operation) -> list[type[ContractError]]:
    """What an operation may refuse: what it names, and what any operation of its form may."""
    refused = _REFUSED_BY_ACCESS.get(operation.access, (LoginNeeded, SessionNeeded))
    body = (BodyTooLarge, BodyTooSlow) if operation.body is not None else ()
    named = (NotFound,) if operation.parameters else ()
    any_ = (InvalidInput, UnreadableRequest, TooMany, Unavailable, DeadlineExceeded, ContractError)
    return list(dict.fromkeys((*operation.errors, *named, *refused, *body, *any_)))


def _failures(operation: Operation) -> dict[str, Any]:
    """The errors by status; several may share one, each an example by its code."""
    by_status: dict[str, list[type[ContractError]]] = {}
    for error in errors_of(operation):
        by_status.setdefault(str(error.status), []).append(error)
    return {status: _failure(status, errors) for status, errors in sorted(by_status.items())}


def _failure(status: str, errors: list[type[ContractError]]) -> dict[str, Any]:
    examples = {error.code: {"$ref": f"#/components/examples/{error.code}"} for error in errors}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    described = "；".join(f"{error.code}：{error.text}" for error in errors)
    return {
        "description": described,
        "content": {"application/problem+json": content},
        **({"headers": _RETRY_AFTER} if status in _COME_BACK else {}),
    }


def _describe(schemas: dict[str, Any]) -> None:
    for payload, schema in schemas.items():
        if schema is not _PROBLEM:
            for name, field in schema["properties"].items():
                field["description"] = word_of(payload, name).text


def _give_examples(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """One to every JSON body and every JSON answer."""
    for item in paths.values():
        for operation in item.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                if described := part.get("content", {}).get("application/json"):
                    name = described["schema"]["$ref"].rpartition("/")[2]
                    described["example"] = example_of(name, schemas)
