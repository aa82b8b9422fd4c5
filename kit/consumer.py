"""Consuming events so that none is lost and none counts twice (design.md §6).

One transaction takes the event into the inbox and does the work, then the message is acknowledged. Events that wait for
the database share one; if it fails, each has its own (docs/adr/0035). On failure a second transaction keeps the raw
event with its reason, attempt and next time, then it is acknowledged; a timer tries again; after MAX_ATTEMPTS it is
parked (`python -m kit.parking`). If the database itself is away, the message goes back to the broker, slowly.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import eventlet
import kombu
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint, ProviderCollector, SharedExtension
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import SQLAlchemyError

from contract import events
from contract.events import Envelope, EventData, UnfitEvent
from kit import telemetry, tracing
from kit.broker import EVENTS, BusConsumer, connect
from kit.clock import Clock
from kit.database import Database, present
from kit.gathering import Asked, Gathering
from kit.inbox import Failure, Inbox, InboxState, inbox_table

RETRY_INTERVAL = 1.0
_RETRY_BATCH = 20
_SLOW_DOWN = 2.0
_MOST_TOGETHER, _LANES = 25, 2
"""Half of what the broker gives a service at once shares a transaction, so that one can be handled while another is
committed."""

_log = logging.getLogger(__name__)


def _all(data: EventData) -> bool:
    return True


class RetryTimer(SharedExtension, ProviderCollector):
    """Tries due failures of this service again."""

    def setup(self) -> None:
        config = self.container.config
        self.database: Database = config["database"]
        self.clock: Clock = config["clock"]
        self.inbox = Inbox(inbox_table(MetaData()))
        self._stopping = False

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            eventlet.sleep(RETRY_INTERVAL)
            try:
                self._retry_due()
            except SQLAlchemyError as error:
                _log.warning("retries wait for the database: %s", type(error).__name__)
            except ContainerBeingKilled:
                return
            except Exception:
                # Say so every second rather than take the whole service down: new events are still handled.
                _log.exception("kept events could not be tried again")

    def _retry_due(self) -> None:
        with self.database.transaction() as tx:
            due = self.inbox.due(tx, self.clock.now(), _RETRY_BATCH)
            telemetry.INBOX_PARKED.labels(self.container.service_name).set(self.inbox.parked(tx))
        for failure in due:
            for provider in self._providers:
                if provider.method_name == failure.consumer:
                    provider.retry(failure)


class _Delivered(NamedTuple):
    """An event for the worker that has it."""

    service: Any
    envelope: Envelope
    data: EventData


_Handle = Callable[[Sequence[Asked[_Delivered]]], list[bool]]
_Gathering = Gathering[_Delivered, bool]


class EventEntrypoint(Entrypoint):
    """Consumes one event type from the service's own durable queue for it."""

    consumer = BusConsumer()
    retries = RetryTimer()
    kind = "event"

    def __init__(
        self, event: type[EventData], handle: _Handle, *, foreign: bool = False,
        concerns: Callable[[Any], bool] = _all, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.event, self.handle, self.foreign, self.concerns = event, handle, foreign, concerns
        super().__init__(**kwargs)

    @property
    def traced_as(self) -> str:
        return self.event.type

    def setup(self) -> None:
        self.queue = queue_of(self.container.service_name, self.event)
        self.gathering: _Gathering = Gathering(self.handle, most=_MOST_TOGETHER, lanes=_LANES, apart=present)
        self.retries.register_provider(self)
        self.consumer.register_provider(self)

    def stop(self) -> None:
        self.consumer.unregister_provider(self)
        self.retries.unregister_provider(self)

    def handle_message(self, message: Any) -> None:
        raw = (
            message.body if isinstance(message.body, str) else bytes(message.body).decode("utf-8", "replace")
        )
        try:
            envelope = events.decode(raw)
            ours = self.foreign and not envelope.foreign
            data = None if ours else events.data_of(envelope, self.event)
        except UnfitEvent as error:
            self._keep(raw, _id_of(raw), str(error), message, park=True)
            return
        if data is None or not self.concerns(data):
            self.consumer.ack_message(message)
            return
        try:
            self._start_worker(envelope, data, partial(self._finish, envelope, raw, message))
        except ContainerBeingKilled:
            self.consumer.requeue_message(message)

    def retry(self, failure: Failure) -> None:
        """Try a kept event again."""
        try:
            envelope = events.decode(failure.raw)
            data = events.data_of(envelope, self.event)
        except UnfitEvent as error:
            self._keep(failure.raw, failure.event_id, str(error), None, park=True)
            return
        self._start_worker(envelope, data, partial(self._finish, envelope, failure.raw, None))

    def _start_worker(self, envelope: Envelope, data: EventData, handle_result: Callable[..., Any]) -> None:
        context = {telemetry.CORRELATION: envelope.correlationid}
        if tracing.on and envelope.traceparent:
            context[tracing.TRACEPARENT] = envelope.traceparent
        self.container.spawn_worker(
            self, (envelope, data, self.gathering), {}, context_data=context, handle_result=handle_result
        )

    def _finish(
        self, envelope: Envelope, raw: str, message: Any, worker_ctx: Any, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        if exc_info is None:
            self._count("handled" if result else "repeated")
            if message is not None:
                self.consumer.ack_message(message)
        else:
            reason = telemetry.redact(f"{exc_info[0].__name__}: {exc_info[1]}")
            self._keep(raw, envelope.key, reason, message, park=issubclass(exc_info[0], UnfitEvent))
        return result, exc_info

    def _keep(self, raw: str, event_id: str, reason: str, message: Any, park: bool = False) -> None:
        """The second transaction: keep what failed, then acknowledge it."""
        retries = self.retries
        try:
            with retries.database.transaction() as tx:
                state = retries.inbox.fail(
                    tx,
                    event_id,
                    self.method_name,
                    self.event.type,
                    raw,
                    reason,
                    retries.clock.now(),
                    park=park,
                )
        except SQLAlchemyError:
            if message is not None:
                eventlet.sleep(_SLOW_DOWN)
                self.consumer.requeue_message(message)
            return
        self._count(state)
        if state is InboxState.PARKED:
            _log.error(
                "event parked", extra={"event_id": event_id, "type": self.event.type, "reason": reason}
            )
        if message is not None:
            self.consumer.ack_message(message)

    def _count(self, outcome: str) -> None:
        telemetry.EVENTS_CONSUMED.labels(self.container.service_name, self.event.type, outcome).inc()


def consume(
    event: type[EventData], *, foreign: bool = False, concerns: Callable[[Any], bool] = _all
) -> Callable[[Callable[..., None]], Callable[..., bool]]:
    """Serve a method as `method(self, tx, data, envelope)` inside the inbox transaction. `foreign`: only what other
    systems published; `concerns`: only what it holds for. Of the rest the inbox knows nothing.

    The method must do nothing outside `tx`: it may run again if the transaction does not commit. An event it raises
    UnfitEvent for is parked at once.
    """

    def decorate(handler: Callable[..., None]) -> Callable[..., bool]:
        def handle_each(service: Any, tx: Connection, new: Sequence[Asked[_Delivered]]) -> None:
            for asked in new:
                asked.run(handler, service, tx, asked.item.data, asked.item.envelope)

        return _served(handler, handle_each, event, foreign=foreign, concerns=concerns)

    return decorate


def consume_together(event: type[EventData]) -> Callable[[Callable[..., None]], Callable[..., bool]]:
    """Serve a method as `method(self, tx, heard)` inside the inbox transaction: `heard` are those that share it, each
    with its data and its envelope. The same holds for it as for one served by `consume`; what it logs is nobody's."""

    def decorate(handler: Callable[..., None]) -> Callable[..., bool]:
        def handle_all(service: Any, tx: Connection, new: Sequence[Asked[_Delivered]]) -> None:
            handler(service, tx, [(asked.item.data, asked.item.envelope) for asked in new])

        return _served(handler, handle_all, event)

    return decorate


def _served(
    handler: Callable[..., None], work: Callable[[Any, Connection, Sequence[Asked[_Delivered]]], None],
    event: type[EventData], **choice: Any,
) -> Callable[..., bool]:  # fmt: skip
    """The entrypoint named as the handler is, which has `work` done for the events that are new."""
    inbox = Inbox(inbox_table(MetaData()))

    def handle(together: Sequence[Asked[_Delivered]]) -> list[bool]:
        service = together[0].item.service
        with service.database.transaction() as tx:
            types = {asked.item.envelope.key: asked.item.envelope.type for asked in together}
            left = set(inbox.accept(tx, types, handler.__name__, service.clock.now()))
            new = []
            for asked in together:
                if asked.item.envelope.key in left:
                    left.remove(asked.item.envelope.key)  # the same event may have come twice
                    new.append(asked)
            if new:
                work(service, tx, new)
        return [asked in new for asked in together]

    @functools.wraps(handler)
    def run(self: Any, envelope: Envelope, data: EventData, gathering: _Gathering) -> bool:
        return gathering(_Delivered(self, envelope, data))

    served: Callable[..., bool] = EventEntrypoint.decorator(event, handle, **choice)(run)
    return served


def queue_of(service: str, event: type[EventData]) -> kombu.Queue:
    """A service's queue for an event type: durable and replicated."""
    return kombu.Queue(
        f"{service}.{event.type}", exchange=EVENTS, routing_key=event.type, durable=True,
        queue_arguments={"x-queue-type": "quorum"},
    )  # fmt: skip


def declare_queues(service_cls: type[Any], amqp_uri: str) -> None:
    """Create a service's event queues before anybody publishes: an event that finds no queue is gone."""
    with connect(amqp_uri) as connection:
        for _, member in inspect.getmembers(service_cls, inspect.isfunction):
            for entrypoint in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
                if isinstance(entrypoint, EventEntrypoint):
                    queue_of(service_cls.name, entrypoint.event)(connection.default_channel).declare()


def _id_of(raw: str) -> str:
    """The id an unfit message is kept under; the same bytes are kept once."""
    return "unfit-" + hashlib.sha256(raw.encode()).hexdigest()[:40]
