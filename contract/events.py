"""What an event is: a CloudEvents 1.0 JSON message on the `payments` topic exchange (design.md §4)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from contract import schema

EXCHANGE = "payments"
CONTENT_TYPE = "application/cloudevents+json"
SPEC_VERSION = "1.0"
OWN_SOURCES = "/gx-tax/social-insurance/"
"""What the `source` of every service of ours begins with; no other system's may."""

EVENTS: dict[str, type[EventData]] = {}
"""Every event type by its name, e.g. `payment.succeeded.v1`."""


class EventData:
    """Base of every event's data. `type` is its name on the bus and its routing key."""

    type: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if EVENTS.setdefault(cls.type, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"event {cls.type} is defined twice")


Data = TypeVar("Data", bound=EventData)


@dataclass(frozen=True)
class Envelope:
    """The CloudEvents attributes. `subject` is the aggregate the event is about, e.g. an order id; `traceparent` is
    W3C's trace context (CloudEvents' Distributed Tracing extension), where what caused it is traced."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: dt.datetime
    data: dict[str, Any]
    datacontenttype: str = "application/json"
    correlationid: str = field(default="")
    traceparent: str | None = None

    @property
    def foreign(self) -> bool:
        """Whether another system published it."""
        return not self.source.startswith(OWN_SOURCES)

    @property
    def key(self) -> str:
        """What tells this event from every other: its id where that is a UUID, else a digest of source and id,
        because CloudEvents promises only that the two together are unique."""
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", self.id):
            return self.id
        return hashlib.sha256(f"{self.source}\0{self.id}".encode(errors="replace")).hexdigest()


class UnfitEvent(ValueError):
    """The message is not a CloudEvent of a type and shape we know. It is parked, never dropped."""


def encode(
    event: EventData, *, event_id: str, source: str, subject: str, time: dt.datetime, correlation_id: str,
    traceparent: str | None = None,
) -> str:  # fmt: skip
    """An event as the text that goes on the bus."""
    envelope = Envelope(
        SPEC_VERSION, event_id, source, event.type, subject, time, schema.dump(event),
        correlationid=correlation_id, traceparent=traceparent,
    )  # fmt: skip
    attributes = schema.dump(envelope)
    if traceparent is None:
        del attributes["traceparent"]  # an attribute that is not there, as CloudEvents wants it
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))


def decode(body: str | bytes) -> Envelope:
    """The envelope of a message. Raises UnfitEvent; the message never repeats the body."""
    try:
        envelope = schema.load(Envelope, json.loads(body))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, schema.MalformedPayload) else "not JSON"
        raise UnfitEvent(f"not a CloudEvent: {reason}") from None
    if envelope.specversion != SPEC_VERSION:
        raise UnfitEvent("not CloudEvents 1.0")
    if not envelope.id:
        raise UnfitEvent("not a CloudEvent: the id is empty")
    return envelope


def data_of(envelope: Envelope, event: type[Data]) -> Data:
    """The typed data of an envelope. Raises UnfitEvent."""
    if envelope.type != event.type:
        raise UnfitEvent(f"{envelope.type} came where {event.type} was expected")
    try:
        return schema.load(event, envelope.data)
    except schema.MalformedPayload as error:
        raise UnfitEvent(str(error)) from None
