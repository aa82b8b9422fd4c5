"""The short way past marshmallow answers what marshmallow answers, or not at all; and payloads do take it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing
from typing import Any

import marshmallow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import catalogue, schema, shortcut
from contract.events import Envelope
from contract.quote import Quote

PAYLOADS = sorted(
    {Quote, Envelope, *catalogue.EVENTS.values()}
    | {shape for method in catalogue.METHODS for shape in (method.request, method.answer)},
    key=lambda shape: shape.__qualname__,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["2026-11-23", "2026-11-23T08:05:00", "2026-11-23T08:05:00Z", "true", "1", "medical"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
ZONES = st.integers(-720, 840).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values an annotation allows."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        fields = {field.name: values(hints[field.name]) for field in dataclasses.fields(hint)}
        return st.builds(typing.cast(Any, hint), **fields)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    if hint is dt.datetime:
        return st.datetimes(timezones=ZONES)
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), JSON, max_size=3)
    if arguments:
        return st.one_of(*map(values, arguments))
    return st.none() if hint is type(None) else st.from_type(hint)


@st.composite
def damaged(draw: st.DrawFn, data: Any) -> Any:
    """JSON-ready data with something else in some place, or something missing, or something more."""
    if isinstance(data, list | dict) and data and draw(st.integers(0, 4)):
        place = draw(st.sampled_from(range(len(data)) if isinstance(data, list) else sorted(data)))
        changed = data.copy()
        if isinstance(changed, dict) and draw(st.integers(0, 3)) == 0:
            del changed[place]
        else:
            changed[place] = draw(damaged(data[place]))
        return changed
    return draw(JSON)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__qualname__)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_payload_goes_the_short_way_to_where_marshmallow_leads(payload: type[Any], data: Any) -> None:
    value = data.draw(values(payload))
    plain = schema.schema_of(payload).dump(value)
    assert shortcut.dump(value) == plain
    assert shortcut.load(payload, plain) == schema.schema_of(payload).load(plain) == value


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__qualname__)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_marshmallow_refuses_finds_no_short_way(payload: type[Any], data: Any) -> None:
    given_data = data.draw(damaged(schema.dump(data.draw(values(payload)))))
    try:
        expected = schema.schema_of(payload).load(given_data)
    except marshmallow.ValidationError:
        with pytest.raises(shortcut.NotPlain):
            shortcut.load(payload, given_data)
        return
    try:
        loaded = shortcut.load(payload, given_data)
    except shortcut.NotPlain:
        return
    assert loaded == expected
    assert repr(loaded) == repr(expected), "True is not 1"


def test_what_is_not_what_its_annotation_says_is_left_to_marshmallow() -> None:
    @dataclasses.dataclass(frozen=True)
    class Odd:
        ratio: complex

    for way in (lambda: shortcut.dump(Odd(0.5j)), lambda: shortcut.load(Odd, {"ratio": 0.5})):
        with pytest.raises(shortcut.NotPlain):
            way()
