"""Connections to the bus, and the one consumer connection of a service."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

import eventlet
import kombu
from nameko.messaging import QueueConsumer

from contract.events import EXCHANGE
from kit import tls

EVENTS = kombu.Exchange(EXCHANGE, type="topic", durable=True)
RPC = kombu.Exchange("nameko-rpc", type="topic", durable=True)
TIMEOUT = 5.0
"""Seconds for a connection, a write, or the confirm of a batch."""

_GATHER = 0.005
"""Seconds an acknowledgement waits for others to travel with."""

_log = logging.getLogger(__name__)


def connect(uri: str) -> kombu.Connection:
    """A connection description, with TLS as `kit.tls` reads it; the memory bus is polled every 5 ms."""
    if uri.startswith("memory:"):
        return kombu.Connection(uri, transport_options={"polling_interval": 0.005})
    return kombu.Connection(
        uri.partition("?")[0], ssl=tls.options(uri), heartbeat=0, connect_timeout=3,
        transport_options={
            "write_timeout": TIMEOUT, "read_timeout": TIMEOUT,
            "socket_settings": {
                socket.TCP_NODELAY: 1, socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3,
                socket.TCP_USER_TIMEOUT: 10_000,
            },
        },
    )  # fmt: skip


@contextlib.contextmanager
def together(connection: Any) -> Iterator[None]:
    """What is written inside on py-amqp's connection travels in as few packets as it fits into: to wake the broker for
    every message costs more than the message. The memory bus has no packets."""
    sock = getattr(connection, "sock", None)
    if sock is None:
        yield
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # what broke inside carries nothing any more
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


class BusConsumer(QueueConsumer):
    """Nameko's queue consumer, handing each provider the message as it came.

    Decoding is the provider's: kombu would silently acknowledge, and so lose, a message it cannot decode.
    """

    def __init__(self) -> None:
        super().__init__()
        self._handled: list[Any] = []

    @property
    def connection(self) -> kombu.Connection:
        connection = connect(self.amqp_uri)
        if not self.amqp_uri.startswith("memory:"):
            connection.heartbeat = 20
            connection.transport_options.pop("read_timeout")  # a quiet queue is not a dead broker
        return connection

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        for provider in self._providers:
            consumer = consumer_cls(
                queues=[provider.queue], on_message=partial(self._receive, provider), accept=None,
                no_ack=getattr(provider, "no_ack", False),
            )  # fmt: skip
            consumer.qos(prefetch_count=self.prefetch_count)
            self._consumers[provider] = consumer
        return self._consumers.values()

    def _receive(self, provider: Any, message: Any) -> None:
        if getattr(provider, "never_waits", False):
            provider.handle_message(message)
        else:
            self.container.spawn_managed_thread(partial(provider.handle_message, message))

    def ack_message(self, message: Any) -> None:
        """Acknowledge, in a moment and together with others. Until then the broker keeps the message and delivers it
        again should this process die, as it does when the process dies just before it gets here."""
        self._handled.append(message)
        if len(self._handled) == 1:
            eventlet.spawn_after(_GATHER, self._acknowledge)
        elif len(self._handled) * 4 >= self.prefetch_count:  # the broker is not to wait with what comes next
            self._acknowledge()

    def _acknowledge(self) -> None:
        handled, self._handled = self._handled, []
        for connection, messages in groupby(handled, lambda message: message.channel.connection):
            # On a connection that has just died the broker keeps the messages, and delivers them again.
            with contextlib.suppress(OSError), together(connection):
                for message in messages:
                    super().ack_message(message)

    def on_consume_end(self, connection: Any, channel: Any) -> None:
        """The connection is about to be closed: what was handled is acknowledged first."""
        self._acknowledge()

    def requeue_message(self, message: Any) -> None:
        """On a connection that has just died the broker keeps the message, and delivers it again."""
        with contextlib.suppress(OSError):
            super().requeue_message(message)

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        _log.warning("broker unreachable, trying again in %s s", interval)
