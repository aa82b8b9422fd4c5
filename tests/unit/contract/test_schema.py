"""Payloads as JSON: exact where money and time are concerned, patient with what newer peers add."""

from __future__ import annotations

import datetime as dt
import enum
import json
from dataclasses import dataclass

import pytest

from contract import schema
from contract.schema import MalformedPayload


class Colour(enum.StrEnum):
    RED = "r"
    BLUE = "b"


@dataclass(frozen=True)
class Line:
    label: str
    amount: int


@dataclass(frozen=True)
class Receipt:
    number: str
    colour: Colour
    lines: tuple[Line, ...]
    issued_at: dt.datetime
    note: str | None
    palette: tuple[Colour, ...]
    copies: int = 1
    paid: bool = False


RECEIPT = Receipt(
    "收-1", Colour.BLUE, (Line("养老保险", 38000), Line("医疗保险", 0)),
    dt.datetime(2026, 11, 23, 8, 5, 0, 250000, dt.timezone(dt.timedelta(hours=8))), None, (Colour.RED, Colour.BLUE),
    paid=True,
)  # fmt: skip
DATA = {
    "number": "收-1", "colour": "b", "note": None, "palette": ["r", "b"], "copies": 1, "paid": True,
    "lines": [{"label": "养老保险", "amount": 38000}, {"label": "医疗保险", "amount": 0}],
    "issued_at": "2026-11-23T08:05:00.250000+08:00",
}  # fmt: skip


def test_a_payload_becomes_plain_json_and_comes_back_equal() -> None:
    assert schema.dump(RECEIPT) == DATA
    assert schema.load(Receipt, json.loads(json.dumps(DATA))) == RECEIPT


def test_fields_a_newer_peer_added_are_ignored_at_every_depth() -> None:
    newer = {**DATA, "discount": 5, "lines": [{**line, "unit": "次"} for line in DATA["lines"]]}  # type: ignore[attr-defined]
    assert schema.load(Receipt, newer) == RECEIPT


def test_fields_an_older_peer_does_not_send_take_their_default() -> None:
    older = {key: value for key, value in DATA.items() if key not in {"copies", "paid"}}
    assert schema.load(Receipt, older).copies == 1


@pytest.mark.parametrize("field", ["number", "colour", "lines", "issued_at"])
def test_a_missing_or_empty_field_is_named(field: str) -> None:
    for data in ({key: value for key, value in DATA.items() if key != field}, {**DATA, field: None}):
        with pytest.raises(MalformedPayload, match=field) as refused:
            schema.load(Receipt, data)
        assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 7), ("colour", "green"), ("colour", "RED"), ("lines", "none"), ("lines", [{"label": "x"}]),
        ("copies", "1"), ("copies", 1.0), ("copies", 1.5), ("copies", True), ("copies", "many"),
        ("issued_at", "yesterday"), ("issued_at", 1763856300), ("issued_at", "2026-11-23T08:05:00"),
        ("issued_at", "2026-11-23"), ("paid", "perhaps"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_shape_is_refused(field: str, value: object) -> None:
    """Money never arrives as a text or a fraction, and no time without its offset (design.md §4)."""
    with pytest.raises(MalformedPayload, match=field):
        schema.load(Receipt, {**DATA, field: value})


@pytest.mark.parametrize("data", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(MalformedPayload):
        schema.load(Receipt, data)


def test_the_refusal_names_fields_and_never_values() -> None:
    with pytest.raises(MalformedPayload) as refused:
        schema.load(Receipt, {**DATA, "colour": "450103197806122040", "issued_at": "13800138000"})
    assert "colour" in str(refused.value) and "issued_at" in str(refused.value)
    assert "450103" not in str(refused.value) and "138001" not in str(refused.value)


@pytest.mark.parametrize("raw", [b'{"a": "\\ud800"}', b'{"a": "x\\u0000"}', b"\xff", b"{", '{"a": "\x00"}'])
def test_text_that_no_database_takes_is_refused(raw: bytes | str) -> None:
    with pytest.raises(ValueError):
        schema.parse(raw)


def test_escaped_text_is_read_as_what_it_is() -> None:
    assert schema.parse(b'{"a": "\\u97e6\\ud84f\\udca7 \\n"}') == {"a": "韦\U00023ca7 \n"}
