"""marshmallow schemas as JSON schemas, for the documents that programs read: OpenAPI and AsyncAPI."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, missing

_TYPES: tuple[tuple[type[fields.Field[Any]], dict[str, Any]], ...] = (
    (fields.Boolean, {"type": "boolean"}),
    (fields.Float, {"type": "number"}),
    (fields.Integer, {"type": "integer"}),
    (fields.AwareDateTime, {"type": "string", "format": "date-time"}),
    (fields.Date, {"type": "string", "format": "date"}),
    (fields.DateTime, {"type": "string", "format": "date-time"}),
    (fields.String, {"type": "string"}),
)


def reference(payload: Schema, schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema, which is described in `schemas` with all it refers to."""
    name = type(payload).__name__
    if name not in schemas:
        schemas[name] = {}  # stands in while a schema that refers to itself is described
        schemas[name] = {
            "type": "object",
            "properties": {key: _field(field, schemas) for key, field in payload.fields.items()},
            "required": [key for key, field in payload.fields.items() if field.required],
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _field(field: fields.Field[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    described = _plain(field, schemas)
    if field.allow_none:
        described = {"anyOf": [described, {"type": "null"}]}
    if field.load_default is not missing and not callable(field.load_default):
        default = field.load_default
        described["default"] = (
            list(default) if isinstance(default, tuple) else getattr(default, "value", default)
        )
    return described


def _plain(field: fields.Field[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if isinstance(field, fields.Nested):
        return reference(field.schema, schemas)
    if isinstance(field, fields.Enum):
        return {"type": "string", "enum": [member.value for member in field.enum]}
    if isinstance(field, fields.List):
        return {"type": "array", "items": _field(field.inner, schemas)}
    if inner := getattr(field, "inner", None) or getattr(field, "tuple_fields", None):
        items = inner[0] if isinstance(inner, list) else inner
        return {"type": "array", "items": _field(items, schemas)}
    for kind, described in _TYPES:
        if isinstance(field, kind):
            return dict(described)
    raise TypeError(f"no JSON schema for {type(field).__name__}")
