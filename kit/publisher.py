"""Publishers, with confirms and without.

Why not Nameko's own: it has no deadline for a confirm that never comes, and builds a connection object for every
message (design.md §6). These are built on kombu's channels and work the same on `memory://`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import eventlet
from eventlet.patcher import original
from kombu.exceptions import KombuError

from kit.broker import EVENTS, RPC, TIMEOUT, connect, together
from kit.gathering import Asked, Gathering

JSON = "application/json"
_MOST = 200
"""Parcels that travel together: what is sent by then waits no longer for a broker that is busy with them."""

_select = original("select")


class BrokerUnavailable(Exception):
    """The broker could not be reached, or did not confirm in time. When `sent`, the message may be on the bus."""

    def __init__(self, reason: str, sent: bool = True) -> None:
        super().__init__(reason)
        self.sent = sent


class Unroutable(Exception):
    """A mandatory message reached no queue: nobody serves it."""


Named = tuple[str, str | None]


@dataclass(frozen=True)
class Message:
    """What is put on the bus. `expiration` in seconds."""

    exchange: str
    routing_key: str
    body: str
    content_type: str = JSON
    persistent: bool = False
    mandatory: bool = False
    expiration: float | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> Named:
        """How a mandatory message is known again when the broker gives it back."""
        return self.routing_key, self.properties.get("correlation_id")


class _Wire:
    """One connection with one channel, used by one greenlet at a time."""

    def __init__(self, uri: str, confirm: bool) -> None:
        self._connection = connect(uri)
        self._memory = uri.startswith("memory:")
        self._confirm = confirm and not self._memory
        self._channel: Any = None
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self._refused: set[Named] = set()

    def send(self, messages: Sequence[Message]) -> set[Named]:
        """Publish; with confirms, return when the broker has all of them. Returns the mandatory ones nobody takes."""
        try:
            with eventlet.Timeout(TIMEOUT, BrokerUnavailable("the broker did not answer in time")):
                self._open()
                with together(self._connection.connection if len(messages) > 1 else None):
                    for message in messages:
                        self._publish(message)
                return self._await_confirms()
        except (OSError, KombuError, AttributeError, *self._connection.connection_errors,
                *self._connection.channel_errors) as error:  # fmt: skip
            self.close()
            raise BrokerUnavailable(type(error).__name__, sent=bool(self._unconfirmed)) from error
        except BaseException:
            # After a time-out nobody knows what the next confirm would belong to: never reuse the connection.
            self.close()
            raise

    def close(self) -> None:
        self._channel = None
        with contextlib.suppress(Exception), eventlet.Timeout(1, False):
            self._connection.collect()

    def _open(self) -> None:
        if self._channel is not None and self._hung_up():
            self.close()
        if self._channel is None:
            self._channel = self._connection.channel()
            if not self._memory:
                # py-amqp would try to read before every publish, to hear of a full broker; `_hung_up` looks, which is
                # ten times cheaper, and a full broker shows as a time-out.
                self._connection.connection.client_properties["capabilities"]["connection.blocked"] = False
            self._sent = 0
            self._unconfirmed, self._refused = set(), set()
            for exchange in (EVENTS, RPC):
                exchange(self._channel).declare()
            if self._confirm:
                self._channel.confirm_select()
                self._channel.events["basic_ack"].add(self._on_ack)
                self._channel.events["basic_nack"].add(self._on_nack)
                self._channel.events["basic_return"].add(self._on_return)

    def _hung_up(self) -> bool:
        """Between publishes the broker says nothing; if it has, it hung up or complains."""
        if self._memory:
            return False
        sock = self._connection.connection.sock if self._connection.connected else None
        if sock is None:
            return True
        look = _select.poll()  # not select(): it fails above file descriptor 1023
        look.register(sock, _select.POLLIN)
        return bool(look.poll(0))

    def _publish(self, message: Message) -> None:
        properties = {"delivery_mode": 2 if message.persistent else 1, **message.properties}
        if message.expiration is not None:
            properties["expiration"] = str(int(message.expiration * 1000))
        prepared = self._channel.prepare_message(
            message.body, content_type=message.content_type, content_encoding="utf-8",
            headers=message.headers, properties=properties,
        )  # fmt: skip
        options = {} if self._memory else {"mandatory": message.mandatory}
        self._channel.basic_publish(
            prepared, exchange=message.exchange, routing_key=message.routing_key, **options
        )
        self._sent += 1
        if self._confirm:
            self._unconfirmed.add(self._sent)

    def _await_confirms(self) -> set[Named]:
        while self._unconfirmed:
            self._connection.drain_events()
        refused, self._refused = self._refused, set()
        return refused

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        # In any order: what no queue takes is confirmed at once, what a quorum must write comes later.
        if multiple:
            self._unconfirmed = {tag for tag in self._unconfirmed if tag > delivery_tag}
        else:
            self._unconfirmed.discard(delivery_tag)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        raise BrokerUnavailable("the broker refused a message")

    def _on_return(self, exception: Any, exchange: str, routing_key: str, message: Any) -> None:
        self._refused.add((routing_key, message.properties.get("correlation_id")))


class Publisher:
    """Publishes for many greenlets over one connection: what they send while it is in use travels together next, as
    commits do in a database. To wake the broker costs more than a message, and it confirms many as it does one."""

    def __init__(self, uri: str, *, confirm: bool) -> None:
        self._wire = _Wire(uri, confirm)
        self._together: Gathering[Sequence[Message], set[Named]] = Gathering(self._send_all, most=_MOST)

    def send(self, *messages: Message) -> None:
        """Publish in order. Raises BrokerUnavailable, or Unroutable for mandatory messages nobody takes.

        A connection found dead is opened again once; a time-out is not retried, because the broker may have the
        message.
        """
        refused = self._together(messages)
        if refused and (nobodys := [message.routing_key for message in messages if message.named in refused]):
            raise Unroutable(", ".join(nobodys))

    def close(self) -> None:
        self._wire.close()

    def _send_all(self, parcels: Sequence[Asked[Sequence[Message]]]) -> list[set[Named]]:
        refused = self._send([message for parcel in parcels for message in parcel.item])
        return [refused] * len(parcels)

    def _send(self, messages: Sequence[Message]) -> set[Named]:
        try:
            return self._wire.send(messages)
        except BrokerUnavailable as error:
            if error.__cause__ is None:
                raise
            try:
                return self._wire.send(messages)
            except BrokerUnavailable as again:
                again.sent |= error.sent
                raise
