"""The AsyncAPI 3 document of the events other tax systems publish, made from their marshmallow schemas.

It is written from their side: they send. `scripts/asyncapi` keeps docs/asyncapi.json true.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.events import CONTENT_TYPE, EXCHANGE, OWN_SOURCES, SPEC_VERSION, EventData
from contract.insurance import Channel
from contract.json_schema import reference
from contract.payment import PaymentFailed, PaymentSucceeded
from contract.refunds import PaymentRefunded
from contract.schema import schema_of

PUBLISHED_BY_OTHERS: tuple[type[EventData], ...] = (PaymentSucceeded, PaymentFailed, PaymentRefunded)
"""What another tax system may tell."""

_TEXTS = {
    PaymentSucceeded.type: "缴费成功：每个被缴费人、险种一条",
    PaymentFailed.type: "缴费未成功，且不会再成功",
    PaymentRefunded.type: "退费：退回的年度和金额",
}
_KEY = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def document(examples: Mapping[str, Any]) -> dict[str, Any]:
    """All events; `examples` holds a whole message of each type."""
    schemas: dict[str, Any] = {}
    messages = {event.type: _message(event, schemas, examples[event.type]) for event in PUBLISHED_BY_OTHERS}
    _say_what_schemas_cannot(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "社保费缴费事件", "version": "1.0.0",
            "description": "其他缴费系统向本系统通报缴费、未成功和退费的事件（CloudEvents 1.0 JSON）。"
            "金额单位为分，时间带时区。只做增量修改；不兼容的修改使用新的类型（.v2）。说明见 docs/guide-events.md。",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {name: _channel(name) for name in messages},
        "operations": {
            name: {
                "action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": _TEXTS[name],
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "ack": True}},
            }
            for name in messages
        },
        "components": {"messages": messages, "schemas": schemas},
    }  # fmt: skip


def _channel(name: str) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange}},
    }


def _message(event: type[EventData], schemas: dict[str, Any], example: Any) -> dict[str, Any]:
    text, moment = {"type": "string", "minLength": 1}, {"type": "string", "format": "date-time"}
    payload = {
        "type": "object",
        "properties": {
            "specversion": {"const": SPEC_VERSION},
            "id": text | {"description": "本事件的编号；重发同一事件时不变"},
            "source": text | {"not": {"pattern": f"^{OWN_SOURCES}"}, "description": "发布系统，开通时约定"},
            "type": {"const": event.type},
            "subject": text | {"description": "等于 data.order_id"},
            "time": moment,
            "datacontenttype": {"const": "application/json"},
            "correlationid": {"type": "string"},
            "data": reference(schema_of(event), schemas),
        },
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    }
    return {
        "name": event.type, "title": _TEXTS[event.type], "contentType": CONTENT_TYPE, "payload": payload,
        "examples": [{"payload": example}],
    }  # fmt: skip


def _say_what_schemas_cannot(schemas: dict[str, Any]) -> None:
    """What another system must keep besides, as payment checks it."""
    paid, external = schemas["Contribution"], schemas["ExternalContribution"]["properties"]
    paid["required"] = [*paid["required"], "external"]
    paid["properties"]["external"] = {"$ref": "#/components/schemas/ExternalContribution"}
    others = [channel.value for channel in Channel if channel is not Channel.WECHAT_ACCOUNT]
    paid["properties"]["channel"] = {"type": "string", "enum": others}
    paid["properties"]["amount"] = {"type": "integer", "minimum": 1}
    paid["properties"]["years"] |= {"minItems": 1, "uniqueItems": True}
    external["insured_key"] = _KEY
    external["operator_key"] = {"anyOf": [_KEY, {"type": "null"}]}
