"""Events are CloudEvents 1.0 in JSON (design.md §4)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from contract import events
from contract.events import EventData, UnfitEvent
from contract.payment import OrderPlacedEvent, PaymentSucceeded
from tests.factories.payloads import event

NOW = dt.datetime(2026, 11, 23, 0, 5, tzinfo=dt.UTC)
ID = "0d4cf0de-6f5c-4c70-8a3e-3a7a5a9e2b11"


def _encoded(payload: EventData | None = None, /, **changes: Any) -> dict[str, Any]:
    text = events.encode(
        payload or event(PaymentSucceeded), event_id=ID, source="/gx-tax/social-insurance/payment", subject="o-1",
        time=NOW, correlation_id="c" * 32,
    )  # fmt: skip
    return {**json.loads(text), **changes}


def test_an_event_has_the_attributes_of_cloudevents() -> None:
    data = event(PaymentSucceeded)
    encoded = _encoded(data)
    assert {key: encoded[key] for key in encoded if key != "data"} == {
        "specversion": "1.0", "id": ID, "source": "/gx-tax/social-insurance/payment",
        "type": "payment.succeeded.v1", "subject": "o-1", "time": "2026-11-23T00:05:00+00:00",
        "datacontenttype": "application/json", "correlationid": "c" * 32,
    }  # fmt: skip
    assert encoded["data"]["contribution"]["amount"] == data.contribution.amount


def test_chinese_travels_readable() -> None:
    text = events.encode(
        event(PaymentSucceeded), event_id=ID, source="/s", subject="o", time=NOW, correlation_id=""
    )
    assert "\\u" not in text


@pytest.mark.parametrize("as_bytes", [False, True])
def test_an_event_reads_back_equal(as_bytes: bool) -> None:
    data = event(PaymentSucceeded)
    text = json.dumps(_encoded(data), ensure_ascii=False)
    envelope = events.decode(text.encode() if as_bytes else text)
    assert (envelope.id, envelope.subject, envelope.time) == (ID, "o-1", NOW)
    assert events.data_of(envelope, PaymentSucceeded) == data


def test_attributes_and_fields_we_do_not_know_are_ignored() -> None:
    encoded = _encoded(traceparent="00-…", dataschema="https://…")
    encoded["data"]["novelty"] = {"deep": [1]}
    assert events.data_of(events.decode(json.dumps(encoded)), PaymentSucceeded) == event(PaymentSucceeded)


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "null", "1", '"text"', "{}", b"\xff\xfe\x00", b"", "{" * 5000, "[" * 200_000,
     '{"a":' * 99_999],
    ids=repr,
)  # fmt: skip
def test_what_is_no_cloudevent_is_unfit_and_never_a_crash(body: str | bytes) -> None:
    with pytest.raises(UnfitEvent, match="not a CloudEvent"):
        events.decode(body)


@pytest.mark.parametrize(
    "changes",
    [{"specversion": "0.3"}, {"specversion": None}, {"time": "yesterday"}, {"time": "2026-11-23T00:05:00"},
     {"data": "text"}, {"data": None}, {"id": 7}, {"id": ""}, {"type": None}, {"source": None}],
    ids=repr,
)  # fmt: skip
def test_a_cloudevent_with_a_wrong_attribute_is_unfit(changes: dict[str, Any]) -> None:
    with pytest.raises(UnfitEvent):
        events.decode(json.dumps(_encoded(**changes)))


def test_data_of_another_type_or_shape_is_unfit_and_the_reason_says_which() -> None:
    envelope = events.decode(json.dumps(_encoded()))
    with pytest.raises(UnfitEvent, match=r"payment\.succeeded\.v1 came where order\.placed\.v1 was expected"):
        events.data_of(envelope, OrderPlacedEvent)
    damaged = replace(envelope, data={**envelope.data, "contribution": {"amount": "much"}})
    with pytest.raises(UnfitEvent, match="contribution") as refused:
        events.data_of(damaged, PaymentSucceeded)
    assert "much" not in str(refused.value)


def test_a_uuid_names_an_event_by_itself() -> None:
    assert events.decode(json.dumps(_encoded())).key == ID


def test_the_same_plain_id_from_two_sources_names_two_events() -> None:
    """CloudEvents promises only that source and id together are unique; other tax systems publish here too."""
    ours = events.decode(json.dumps(_encoded(id="1", source="/gx-tax/wechat-city")))
    theirs = events.decode(json.dumps(_encoded(id="1", source="/gx-tax/alipay-city")))
    assert ours.key != theirs.key
    assert ours.key == events.decode(json.dumps(_encoded(id="1", source="/gx-tax/wechat-city"))).key


@pytest.mark.parametrize("identifier", ["x" * 5000, "\0", "\ud800", "一", ID + "\n"], ids=ascii)
def test_any_id_has_a_key_that_fits_every_database(identifier: str) -> None:
    key = events.decode(json.dumps(_encoded(id=identifier))).key
    assert len(key) <= 64 and key.isascii() and key.isprintable()


def test_two_events_cannot_share_a_type() -> None:
    with pytest.raises(TypeError, match="defined twice"):
        type("Impostor", (EventData,), {"type": "payment.succeeded.v1"})
    assert events.EVENTS["payment.succeeded.v1"] is PaymentSucceeded
