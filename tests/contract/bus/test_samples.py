"""Every event and RPC has a stored sample, and still reads and writes it exactly (design.md §4).

A sample changes only by addition. Where a test here fails because a field went away or was renamed: that breaks
services and other tax systems that are already running, and needs a new version (`.v2`) or a new method.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

from contract import catalogue, events, schema
from contract.catalogue import EVENTS, METHODS
from contract.events import EventData
from contract.quote import Quote
from contract.rpc import Method
from contract.schema import MalformedPayload
from tests.factories.payloads import SAMPLES, sample

# A test that defines methods or events of its own does not belong to the contract.
_EVENTS = {name: kind for name, kind in EVENTS.items() if kind.__module__.startswith("contract.")}
_METHODS = {
    f"{method.service}.{method.name}": method
    for method in METHODS
    if method.request.__module__.startswith("contract.")
}


def _stored() -> Iterator[tuple[str, type[Any], Any]]:
    """What crosses the bus, its type and its sample; what has none is named by a test of its own."""
    for name, kind in sorted(_EVENTS.items()):
        if (SAMPLES / f"{name}.json").exists():
            yield name, kind, sample(name)["data"]
    for name, method in sorted(_METHODS.items()):
        if (SAMPLES / f"{name}.json").exists():
            yield f"{name}:request", method.request, sample(name)["request"]
            yield f"{name}:answer", method.answer, sample(name)["answer"]
    yield "quote", Quote, sample("quote")


BEHIND_A_PAGE = dict.fromkeys(
    ("contribution.find_enrolment", "contribution.quote_payable", "contribution.quote_back_payment"), 30.0
)
"""Seconds of those whose payer meanwhile sees a page that says how many are ahead."""

every_payload = pytest.mark.parametrize(
    ("kind", "data"), [pytest.param(kind, data, id=name) for name, kind, data in _stored()]
)


def _name(item: tuple[str, Any]) -> str:
    return item[0]


@pytest.mark.parametrize("name", sorted(_EVENTS))
def test_every_event_has_a_sample(name: str) -> None:
    assert (SAMPLES / f"{name}.json").exists(), f"write a whole CloudEvent into samples/{name}.json"


@pytest.mark.parametrize("name", sorted(_METHODS))
def test_every_method_has_a_sample(name: str) -> None:
    assert (SAMPLES / f"{name}.json").exists(), (
        f'write {{"request": …, "answer": …}} into samples/{name}.json'
    )


def test_no_sample_is_left_of_what_is_gone() -> None:
    """Renaming an event or a method breaks whoever still sends it."""
    assert {path.stem for path in SAMPLES.glob("*.json")} == {*_EVENTS, *_METHODS, "quote"}


@every_payload
def test_a_sample_reads_and_writes_back_identically(kind: type[Any], data: Any) -> None:
    assert schema.dump(schema.load(kind, data)) == data


@every_payload
def test_a_sample_shows_every_field(kind: type[Any], data: Any) -> None:
    assert set(data) == {field.name for field in dataclasses.fields(kind)}


@every_payload
def test_fields_a_newer_peer_adds_are_tolerated_at_every_depth(kind: type[Any], data: Any) -> None:
    assert schema.load(kind, _with_more(data)) == schema.load(kind, data)


@every_payload
def test_a_removed_or_renamed_field_is_caught(kind: type[Any], data: Any) -> None:
    """Taking any required field out of the sample must be noticed, so a sample guards every one of them."""
    for field in dataclasses.fields(kind):
        optional = field.default is not dataclasses.MISSING or type(None) in _options(kind, field.name)
        without = {key: value for key, value in data.items() if key != field.name}
        if optional:
            schema.load(kind, without)
        else:
            with pytest.raises(MalformedPayload, match=field.name):
                schema.load(kind, without)


@pytest.mark.parametrize("name", sorted(_EVENTS))
def test_an_event_sample_is_a_whole_cloudevent(name: str) -> None:
    stored = sample(name)
    envelope = events.decode(json.dumps(stored))
    assert (envelope.type, envelope.specversion) == (name, "1.0")
    assert schema.dump(envelope) == {"traceparent": None} | stored, (
        "an event is traced only where a collector is"
    )
    data = events.data_of(envelope, _EVENTS[name])
    again = events.encode(
        data, event_id=envelope.id, source=envelope.source, subject=envelope.subject, time=envelope.time,
        correlation_id=envelope.correlationid,
    )  # fmt: skip
    assert json.loads(again) == stored


@pytest.mark.parametrize("item", sorted(_EVENTS.items()), ids=_name)
def test_an_event_is_named_by_subject_fact_and_version(item: tuple[str, type[EventData]]) -> None:
    name, kind = item
    subject, _, rest = name.partition(".")
    fact, _, version = rest.partition(".")
    assert (
        subject.isalpha() and fact.replace("_", "").isalpha() and version[0] == "v" and version[1:].isdigit()
    ), name
    assert inspect.getdoc(kind), f"{kind.__name__}: say when it is published"


@pytest.mark.parametrize("item", sorted(_METHODS.items()), ids=_name)
def test_a_method_says_what_it_asks_and_what_may_go_wrong(item: tuple[str, Method[Any, Any]]) -> None:
    name, method = item
    for payload in (method.request, method.answer):
        doc = inspect.getdoc(payload) or ""
        assert doc and not doc.startswith(f"{payload.__name__}("), (
            f"{name}: {payload.__name__} has no docstring"
        )
    most = BEHIND_A_PAGE.get(name, 15.0)
    assert 0 < method.deadline <= most, f"{name}: nobody waits {method.deadline} s before a phone"
    assert len(set(method.errors)) == len(method.errors)


def test_samples_hold_nobodys_real_data() -> None:
    """They are read by everybody who joins the bus."""
    known = {"450103197806122040", "450181201905203012", "13800138000", "13900139000"}
    for path in SAMPLES.glob("*.json"):
        found = set(_texts(json.loads(path.read_text())))
        assert (
            not {text for text in found if text.isdigit() and len(text) in (11, 18)} - known - {"14501030000"}
        )


def test_the_catalogue_imports_every_module_of_the_contract() -> None:
    """Documents and tests see what it imports; a forgotten module would be published without either."""
    folder = SAMPLES.parents[3] / "contract"
    defining = {
        path.stem
        for path in folder.glob("*.py")
        if path.stem not in {"rpc", "events"}
        and ("= Method(" in path.read_text() or "(EventData)" in path.read_text())
    }
    assert defining - {"health"} <= set(catalogue.__all__), defining
    assert any(method.name == "check_health" for method in METHODS)


def _with_more(data: Any) -> Any:
    if isinstance(data, dict):
        return {**{key: _with_more(value) for key, value in data.items()}, "added_later": {"deep": [1]}}
    return [_with_more(item) for item in data] if isinstance(data, list) else data


def _options(kind: type[Any], name: str) -> tuple[Any, ...]:
    return get_args(get_type_hints(kind)[name])


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [text for item in data for text in _texts(item)]
    return [data] if isinstance(data, str) else []
