"""The OpenAPI document as a page puts it: chapters of operations, each with what goes in, what comes out and what may
be refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Row:
    """A field or a parameter; `depth` is how deep it lies within its payload."""

    name: str
    place: str
    kind: str
    required: bool
    text: str
    depth: int = 0


@dataclass(frozen=True)
class Entry:
    """One operation."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    who: str
    parameters: tuple[Row, ...]
    sent: tuple[Row, ...]
    sent_example: str
    status: str
    given: tuple[Row, ...]
    given_example: str
    media: str
    errors: tuple[tuple[str, str, str], ...]
    samples: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Chapter:
    """What belongs to one subject."""

    anchor: str
    title: str
    entries: tuple[Entry, ...]


def chapters(document: Mapping[str, Any]) -> tuple[Chapter, ...]:
    """All operations of a document of ours, by its tags."""
    entries: dict[str, list[Entry]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if described := item.get(method):
                entries[described["tags"][0]].append(_entry(method, path, described, document))
    return tuple(
        Chapter(tag["name"], tag["description"], tuple(entries[tag["name"]])) for tag in document["tags"]
    )


def _entry(method: str, path: str, described: Mapping[str, Any], document: Mapping[str, Any]) -> Entry:
    parts = document["components"]
    answers = described["responses"]
    status = next(iter(answers))
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    content = answers[status].get("content", {})
    answer = content.get("application/json", {})
    return Entry(
        described["operationId"], method.upper(), path, described["summary"], described.get("description", ""),
        _who(described["security"]), tuple(map(_parameter, described["parameters"])),
        _fields(body.get("schema"), parts["schemas"]), _pretty(body.get("example")), status,
        _fields(answer.get("schema"), parts["schemas"]), _pretty(answer.get("example")),
        "、".join(media for media in content if media != "application/json"),
        tuple(_errors(answers, parts["examples"])), tuple(described.get("x-codeSamples", ())),
    )  # fmt: skip


def _who(security: list[Mapping[str, Any]]) -> str:
    names = {"session": "会话", "api_key": "接口密钥"}
    return "或".join(names[name] for one in security for name in one) or "不用登录"


def _parameter(described: Mapping[str, Any]) -> Row:
    place = {"path": "路径", "query": "参数", "header": "请求头"}[described["in"]]
    kind = _kind(described["schema"])
    return Row(described["name"], place, kind, described["required"], described["description"])


def _fields(
    schema: Mapping[str, Any] | None, schemas: Mapping[str, Any], depth: int = 0, inside: tuple[str, ...] = ()
) -> tuple[Row, ...]:
    """The fields of a payload, those of payloads within it after the field they are in."""
    name = _named(schema or {})
    if not name or name in inside:
        return ()
    rows: list[Row] = []
    for field, described in schemas[name]["properties"].items():
        required = field in schemas[name]["required"]
        rows.append(Row(field, "", _kind(described), required, described["description"], depth))
        rows += _fields(described, schemas, depth + 1, (*inside, name))
    return tuple(rows)


def _named(schema: Mapping[str, Any]) -> str:
    """The payload a field holds, or holds several of; empty for plain ones."""
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in one:
            return str(one["$ref"].rpartition("/")[2])
    return ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return f"{_kind(schema['anyOf'][0])} | null"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"{_kind(schema['items'])}[]"
    return _named(schema) or f"{schema['type']} {schema.get('format', '')}".strip()


def _errors(answers: Mapping[str, Any], examples: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Status, code and text of everything an operation may refuse."""
    found = []
    for status, answer in answers.items():
        named = answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
        found += [(status, code, examples[code]["summary"]) for code in named]
    return found


def _pretty(example: Any) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2) if example is not None else ""
