"""The published contract for other tax systems: true to the code, and true to every stored message."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from contract import events
from contract.asyncapi import PUBLISHED_BY_OTHERS
from contract.events import UnfitEvent
from contract.people import DocumentType, Person
from scripts.lib.write_asyncapi import DOCS, TARGET, examples, text
from tests.factories.payloads import sample
from tests.fakes.payment_external import key_of

TYPES = [event.type for event in PUBLISHED_BY_OTHERS]
every_type = pytest.mark.parametrize("name", TYPES)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TARGET.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def check(published: dict[str, Any]) -> Callable[[Any], None]:
    """Validate a message by its type; raises ValidationError."""

    def validate(message: Any) -> None:
        payload = published["components"]["messages"][message["type"]]["payload"]
        schema = {**payload, "components": published["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(message)

    return validate


def test_the_document_is_what_the_contract_says_now() -> None:
    assert TARGET.read_text("utf-8") == text(), "run scripts/asyncapi"


def test_every_event_others_may_publish_is_described(published: dict[str, Any]) -> None:
    assert set(published["channels"]) == set(published["operations"]) == set(TYPES) == set(examples())
    for name, channel in published["channels"].items():
        assert channel["address"] == name
        assert channel["bindings"]["amqp"]["exchange"]["name"] == events.EXCHANGE


@every_type
def test_an_example_is_valid_and_fits_our_own_reading(name: str, check: Callable[[Any], None]) -> None:
    message = examples()[name]
    check(message)
    event = next(event for event in PUBLISHED_BY_OTHERS if event.type == name)
    events.data_of(events.decode(json.dumps(message)), event)


@every_type
def test_a_stored_sample_told_by_another_system_is_valid(name: str, check: Callable[[Any], None]) -> None:
    """Our own samples carry no key and are told by us; with both changed they are another system's."""
    message = sample(name)
    message["source"] = "/wechat-city"
    contribution = message["data"]["contribution"]
    contribution["channel"] = "wechat_city"
    contribution["external"] = contribution["external"] or {"insured_key": "fe" * 32}
    check(message)


def _without(path: str) -> Callable[[Any], None]:
    def change(message: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            message = message[step]
        del message[last]

    return change


def _with(path: str, value: Any) -> Callable[[Any], None]:
    def change(message: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            message = message[step]
        message[last] = value

    return change


WRONG = {
    "no id": _without("id"), "no subject": _without("subject"), "no order": _without("data.order_id"),
    "no key": _without("data.contribution.external"), "our source": _with("source", "/gx-tax/social-insurance/payment"),
    "amount as text": _with("data.contribution.amount", "400.00"), "nothing paid": _with("data.contribution.amount", 0),
    "our channel": _with("data.contribution.channel", "wechat_account"),
    "key of a number": _with("data.contribution.external.insured_key", "4501"),
    "unknown insurance": _with("data.contribution.insurance_type", "injury"),
    "years twice": _with("data.contribution.years", [2026, 2026]), "no years": _with("data.contribution.years", []),
    "other version": _with("specversion", "0.3"),
}  # fmt: skip


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_payment_would_park_is_invalid_before_it_is_sent(
    change: Callable[[Any], None], check: Callable[[Any], None]
) -> None:
    message = copy.deepcopy(examples()["payment.succeeded.v1"])
    change(message)
    with pytest.raises(jsonschema.ValidationError):
        check(message)


def test_a_field_a_newer_version_adds_is_valid(check: Callable[[Any], None]) -> None:
    message = copy.deepcopy(examples()["payment.succeeded.v1"])
    message["data"]["contribution"]["added_later"] = {"deep": 1}
    check(message)


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("publish_event", DOCS / "examples" / "publish_event.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_program_names_people_as_payment_does() -> None:
    person = Person(DocumentType.RESIDENT_ID, "45010319780612204X", "韦秀兰")
    assert _example().person_key("c1" * 32, "45010319780612204x", "韦秀兰") == key_of(person, "c1" * 32)


def test_the_guides_vector_is_true() -> None:
    """Whoever writes this in another language tries it with these values."""
    guide = (DOCS / "guide-events.md").read_text("utf-8")
    person = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
    assert key_of(person, bytes(range(32)).hex()) in guide
    assert bytes(range(32)).hex() in guide


@every_type
def test_an_example_carries_nobodys_number(name: str) -> None:
    message = Path(DOCS / "events" / f"{name}.json").read_text("utf-8")
    assert "450103197806122040" not in message
    with pytest.raises(UnfitEvent):
        events.data_of(events.decode(message), next(e for e in PUBLISHED_BY_OTHERS if e.type != name))
