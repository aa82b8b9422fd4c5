"""The bus as another system sees it: publishes what it likes, listens where it likes."""

from __future__ import annotations

import contextlib
import json
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

import amqp
import sqlalchemy

from contract import events
from contract.events import EXCHANGE
from contract.payment import PaymentFailed
from deploy.environment import VHOST
from deploy.local.rabbitmq import RabbitMQ
from kit.clock import SystemClock
from tests.factories.payloads import event

_TAP = "probe.tap"


def cloud_event(aggregate: str, wish: str = "ok", **attributes: Any) -> dict[str, Any]:
    """A payment.failed.v1 that makes the probe do something, as JSON; `attributes` replace those of the envelope."""
    text = events.encode(
        event(PaymentFailed, order_id=aggregate, reason_code=wish), event_id=str(uuid.uuid4()),
        source="/gx-tax/wechat-city", subject=aggregate, time=SystemClock().now(), correlation_id="",
    )  # fmt: skip
    return {**json.loads(text), **attributes}


class Bus:
    """RabbitMQ under one account."""

    def __init__(self, url: str) -> None:
        self.url = url

    @classmethod
    def open_account(cls, rabbitmq: RabbitMQ) -> Bus:
        """The services' own accounts may each do only their part; this one may do all."""
        name, password = "probe", secrets.token_hex(16)
        rabbitmq.control("add_user", name, password)
        rabbitmq.control("set_permissions", "-p", VHOST, name, ".*", ".*", ".*")
        return cls(f"amqp://{name}:{password}@127.0.0.1:{rabbitmq.port}/{VHOST}")

    @contextlib.contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of its own connection."""
        url = sqlalchemy.make_url(self.url)
        connection = amqp.Connection(
            f"{url.host}:{url.port}", str(url.username), str(url.password), virtual_host=VHOST
        )
        connection.connect()
        with contextlib.closing(connection):
            yield connection.channel()

    def publish(self, *bodies: Any, **properties: Any) -> None:
        """Publish bodies (bytes, or anything as JSON) as payment.failed.v1; return when the broker has them."""
        with self.channel() as channel:
            channel.confirm_select()
            for body in bodies:
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                properties = {"content_type": events.CONTENT_TYPE, **properties}
                message = amqp.Message(raw, delivery_mode=2, **properties)
                channel.basic_publish_confirm(message, EXCHANGE, PaymentFailed.type, timeout=10)

    def request(self, body: bytes, headers: dict[str, Any]) -> None:
        """Send something as a request for identity.ask."""
        message = amqp.Message(
            body, content_type="application/json", application_headers=headers, reply_to="nowhere"
        )
        with self.channel() as channel:
            channel.confirm_select()
            channel.basic_publish_confirm(message, "nameko-rpc", "identity.ask", timeout=10)

    def start_listening(self) -> None:
        """Keep a copy of every event from now on."""
        with self.channel() as channel:
            channel.queue_delete(_TAP)
            channel.queue_declare(_TAP, durable=True, auto_delete=False)
            channel.queue_bind(_TAP, EXCHANGE, "#")

    def heard(self) -> list[dict[str, Any]]:
        """What was published since, in the order it came."""
        found = []
        with self.channel() as channel:
            while message := channel.basic_get(_TAP):
                found.append(json.loads(message.body))
                channel.basic_ack(message.delivery_tag)
        return found
