"""The short way past marshmallow for what is plainly right: the exact types a payload's annotations name.

Whatever else comes is left to marshmallow, which knows every rule and words the refusals. Where the short way answers,
marshmallow would have answered the same: tests/unit/contract/test_shortcut.py looks for data that prove otherwise.
Every call and every event passes here, and marshmallow takes seven times as long.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import math
import types
import typing
from collections.abc import Callable
from typing import Any

Step = Callable[[Any], Any]


class NotPlain(Exception):
    """Marshmallow must decide."""


def load(shape: Any, data: Any) -> Any:
    """JSON-ready data as a payload of a dataclass. Raises NotPlain."""
    return _loader(shape)(data)


def dump(payload: Any) -> Any:
    """A payload as JSON-ready data. Raises NotPlain."""
    shape: Any = type(payload)
    return _dumper(shape)(payload)


@functools.cache
def _loader(hint: Any) -> Step:
    if dataclasses.is_dataclass(hint):
        return _payload_loader(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _looked_up({member.value: member for member in hint}, type(next(iter(hint)).value))
    if hint is dt.datetime:
        return _moment
    if hint is dt.date:
        return _day
    return _structure(hint, _loader, list, tuple)


@functools.cache
def _dumper(hint: Any) -> Step:
    if dataclasses.is_dataclass(hint):
        return _payload_dumper(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _looked_up({member: member.value for member in hint}, hint)
    if hint is dt.datetime:
        return _moment_text
    if hint is dt.date:
        return _day_text
    return _structure(hint, _dumper, tuple, list)


def _structure(hint: Any, step_of: Callable[[Any], Step], given: type[Any], made: type[Any]) -> Step:
    """The step for what JSON knows itself; a sequence is `given` in one shape and `made` in the other."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (str, int, bool):
        return _scalar(hint)
    if hint is float:
        return _number
    if origin is types.UnionType and len(arguments) == 2 and arguments[1] is types.NoneType:
        return _optional(step_of(arguments[0]))
    if origin is tuple and arguments[1:] == (...,):
        return _sequence(step_of(arguments[0]), given, made)
    if hint == dict[str, Any]:
        return _mapping
    return _never


def _payload_loader(shape: Any) -> Step:
    hints = typing.get_type_hints(shape)
    steps = [(field.name, _loader(hints[field.name])) for field in dataclasses.fields(shape)]

    def run(data: Any) -> Any:
        if type(data) is not dict:
            raise NotPlain
        given = {name: step(data[name]) for name, step in steps if name in data}
        try:
            return shape(**given)
        except TypeError:
            raise NotPlain from None  # a field without a default is missing

    return run


def _payload_dumper(shape: Any) -> Step:
    hints = typing.get_type_hints(shape)
    steps = [(field.name, _dumper(hints[field.name])) for field in dataclasses.fields(shape)]

    def run(value: Any) -> Any:
        if type(value) is not shape:
            raise NotPlain
        return {name: step(getattr(value, name)) for name, step in steps}

    return run


def _scalar(kind: type[Any]) -> Step:
    def run(value: Any) -> Any:
        if type(value) is not kind:
            raise NotPlain
        return value

    return run


def _number(value: Any) -> Any:
    if type(value) is not float or not math.isfinite(value):
        raise NotPlain
    return value


def _looked_up(known: dict[Any, Any], kind: type[Any]) -> Step:
    def run(value: Any) -> Any:
        if type(value) is not kind or value not in known:
            raise NotPlain
        return known[value]

    return run


def _optional(step: Step) -> Step:
    return lambda value: None if value is None else step(value)


def _sequence(step: Step, given: type[Any], made: type[Any]) -> Step:
    def run(value: Any) -> Any:
        if type(value) is not given:
            raise NotPlain
        return made([step(item) for item in value])

    return run


def _mapping(value: Any) -> Any:
    if type(value) is not dict or not all(type(key) is str for key in value):
        raise NotPlain
    return dict(value)


def _moment(value: Any) -> Any:
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise NotPlain from None
    if moment.utcoffset() is None:
        raise NotPlain
    return moment


def _moment_text(value: Any) -> Any:
    if type(value) is not dt.datetime:
        raise NotPlain
    return value.isoformat()


def _day(value: Any) -> Any:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise NotPlain from None


def _day_text(value: Any) -> Any:
    if type(value) is not dt.date:
        raise NotPlain
    return value.isoformat()


def _never(value: Any) -> Any:
    raise NotPlain
