"""Payloads for tests, taken from the samples of tests/contract/bus, so that each is written down once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from contract import schema
from contract.events import EventData
from contract.rpc import Method

SAMPLES = Path(__file__).parents[1] / "contract" / "bus" / "samples"

Data = TypeVar("Data", bound=EventData)
Payload = TypeVar("Payload")


def sample(name: str) -> Any:
    """The sample stored under a name, as JSON: `payment.succeeded.v1`, `payment.place_order`."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


def event(kind: type[Data], **changes: Any) -> Data:
    """The data of an event; `changes` replace single fields."""
    return _changed(schema.load(kind, sample(kind.type)["data"]), changes)


def request(method: Method[Payload, Any], **changes: Any) -> Payload:
    """A request of a method; `changes` replace single fields."""
    loaded: Payload = schema.load(method.request, sample(f"{method.service}.{method.name}")["request"])
    return _changed(loaded, changes)


def answer(method: Method[Any, Payload], **changes: Any) -> Payload:
    """An answer of a method; `changes` replace single fields."""
    loaded: Payload = schema.load(method.answer, sample(f"{method.service}.{method.name}")["answer"])
    return _changed(loaded, changes)


def _changed(payload: Payload, changes: dict[str, Any]) -> Payload:
    return replace(payload, **changes) if changes else payload  # type: ignore[type-var]
