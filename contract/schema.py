"""Frozen dataclasses ↔ JSON: the marshmallow schema of a payload is derived from its dataclass."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import marshmallow
import marshmallow_dataclass
from marshmallow import fields

from contract import shortcut

T = TypeVar("T")


class MalformedPayload(ValueError):
    """The data does not fit the schema. `fields` maps each bad field to what is wrong with it."""

    def __init__(self, payload: str, fields: Mapping[str, Any]) -> None:
        super().__init__(f"{payload} does not fit its schema: {', '.join(sorted(map(str, fields)))}")
        self.fields = dict(fields)


class _Whole(fields.Integer):
    """A JSON integer: "38000" or 380.5 is not an amount in fen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)


class _Schema(marshmallow.Schema):
    # A time without its offset would be read in whatever zone the reader lives in.
    TYPE_MAPPING = {**marshmallow.Schema.TYPE_MAPPING, int: _Whole, dt.datetime: fields.AwareDateTime}

    class Meta:
        # Additive changes must not break an older reader (design.md §4).
        unknown = marshmallow.EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Enums travel by value: other languages read the contract, and our member names are ours."""
        if inner := getattr(field_obj, "inner", None):
            self.on_bind_field(field_name, inner)
        if isinstance(field_obj, fields.Enum):
            field_obj.by_value = True
            field_obj.field = fields.Raw()
            field_obj.choices_text = ", ".join(str(member.value) for member in field_obj.enum)


_schemas: dict[type[Any], marshmallow.Schema] = {}


def schema_of(payload: type[Any]) -> marshmallow.Schema:
    """The marshmallow schema of a payload dataclass."""
    if payload not in _schemas:
        _schemas[payload] = marshmallow_dataclass.class_schema(payload, base_schema=_Schema)()
    return _schemas[payload]


def parse(raw: str | bytes) -> Any:
    """JSON from outside whose text can be written again and kept. Raises ValueError, also for half a character and for
    NUL, which no database takes; RecursionError."""
    text = raw if isinstance(raw, str) else raw.decode()
    data = json.loads(text)
    if "\\u" in text and b"\\u0000" in json.dumps(data, ensure_ascii=False).encode():
        raise ValueError("text with NUL")
    return data


def dump(payload: Any) -> dict[str, Any]:
    """A payload as JSON-ready data: times ISO-8601 with offset, enums by value, fen as integers."""
    data: dict[str, Any]
    try:
        data = shortcut.dump(payload)
    except shortcut.NotPlain:
        data = schema_of(type(payload)).dump(payload)
    return data


def load(payload: type[T], data: Any) -> T:
    """Data as a payload.

    Raises MalformedPayload; the message names the fields but never repeats a value, because values are
    personal data.
    """
    loaded: T
    try:
        loaded = shortcut.load(payload, data)
    except shortcut.NotPlain:
        loaded = _load_by_schema(payload, data)
    return loaded


def _load_by_schema(payload: type[T], data: Any) -> T:
    try:
        loaded: T = schema_of(payload).load(data)
    except marshmallow.ValidationError as error:
        raise MalformedPayload(payload.__name__, error.normalized_messages()) from None
    return loaded
