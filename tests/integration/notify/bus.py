"""Speaks to running services over the bus with nothing but kombu: the wire format itself is under test."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from typing import Any, TypeVar

import kombu

from contract import events, schema
from contract.errors import ContractError
from contract.events import CONTENT_TYPE, EXCHANGE, EventData
from contract.rpc import Method
from kit.wire import STAFF_SEAL, Seal

Request = TypeVar("Request")
Answer = TypeVar("Answer")


def call(uri: str, method: Method[Request, Answer], request: Request, seal: Seal | None = None) -> Answer:
    """Call a method as the account of that address would, sealed for a member of staff perhaps. Raises the contract
    error that came back."""
    with kombu.Connection(uri, connect_timeout=3) as connection:
        channel = connection.default_channel
        exchange = kombu.Exchange("nameko-rpc", type="topic", durable=True)
        address = str(uuid.uuid4())
        replies = kombu.Queue(
            f"rpc.reply-{connection.userid}-{address}", exchange, address, expires=60, durable=True
        )(channel)  # fmt: skip
        replies.declare()
        body = json.dumps({"args": [], "kwargs": {"request": schema.dump(request)}})
        headers: dict[str, Any] = {"nameko.expires_at": time.time() + method.deadline}
        if seal is not None:
            headers[STAFF_SEAL] = seal(method, body)
        connection.Producer(channel, exchange).publish(
            body, routing_key=f"{method.service}.{method.name}", content_type="application/json",
            content_encoding="utf-8", reply_to=address, correlation_id=address, delivery_mode=2,
            headers=headers, expiration=method.deadline,
        )  # fmt: skip
        deadline = time.monotonic() + method.deadline
        while (message := replies.get(no_ack=True)) is None:
            assert time.monotonic() < deadline, f"{method.name} did not answer"
            time.sleep(0.01)
        answer = json.loads(message.body)
    if error := answer["error"]:
        raise ContractError.of(error["code"], error["value"], error["detail"])
    return schema.load(method.answer, answer["result"])


def publish(uri: str, *happened: tuple[str, EventData]) -> None:
    """Put events (id, data) on the bus, confirmed."""
    with kombu.Connection(uri, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer(exchange=kombu.Exchange(EXCHANGE, type="topic", no_declare=True))
        for event_id, event in happened:
            body = events.encode(
                event, event_id=event_id, source="/tests", subject="order-1", time=dt.datetime.now(dt.UTC),
                correlation_id="tests-0001",
            )  # fmt: skip
            producer.publish(
                body,
                routing_key=event.type,
                content_type=CONTENT_TYPE,
                content_encoding="utf-8",
                delivery_mode=2,
            )
