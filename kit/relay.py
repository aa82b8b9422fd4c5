"""The relay: puts committed events on the bus, confirmed, in order per aggregate."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider
from sqlalchemy import MetaData
from sqlalchemy.exc import SQLAlchemyError

from contract.events import CONTENT_TYPE, EventData
from kit import telemetry
from kit.broker import EVENTS
from kit.clock import Clock
from kit.database import Database
from kit.outbox import PRUNED_AT_ONCE, Outbox, Waiting, outbox_table
from kit.publisher import BrokerUnavailable, Message, Publisher

BATCH = 100
IDLE_SECONDS = 1.0
GATHER_SECONDS = 0.02
"""After the first event the relay waits at least this long for others: a batch costs little more than one event."""
_SHARE = 6
"""It rests so many times as long as its last batch took: the busier the service, the more events travel together."""
_LONGEST_GATHER = 0.1
KEEP_PUBLISHED = dt.timedelta(days=7)
KEEP_PUBLISHED_MEMORY = dt.timedelta(hours=1)
_PRUNE_EVERY = dt.timedelta(minutes=10)
_MEASURE_SECONDS = 15.0

_log = logging.getLogger(__name__)


class WorkerOutbox:
    """The outbox as one worker sees it; remembers whether the relay has something new to do."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.used = False

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str:
        """See Outbox.add."""
        self.used = True
        return self._outbox.add(tx, event, aggregate, now)


class Relay(DependencyProvider):
    """Gives workers the outbox and runs the relay of this process beside them: `outbox = Relay()`."""

    def setup(self) -> None:
        config = self.container.config
        self._database: Database = config["database"]
        self._clock: Clock = config["clock"]
        self._memory: bool = config["settings"].memory_bus
        self._service = self.container.service_name
        self._outbox = Outbox(outbox_table(MetaData()), self._service)
        self._publisher = Publisher(config["AMQP_URI"], confirm=True)
        self._woken = Event()
        self._stopping = False
        self._pruned_at = self._clock.now()

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run)
        self.container.spawn_managed_thread(self._measure)

    def stop(self) -> None:
        self._stopping = True
        self._wake()
        self._thread.wait()
        self._publisher.close()

    def get_dependency(self, worker_ctx: Any) -> WorkerOutbox:
        outbox = worker_ctx.outbox = WorkerOutbox(self._outbox)
        return outbox

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        if worker_ctx.outbox.used:
            self._wake()

    def _wake(self) -> None:
        if not self._woken.ready():
            self._woken.send()

    def _run(self) -> None:
        if self._memory:
            self._publish_again()
        pause = IDLE_SECONDS
        gather = GATHER_SECONDS
        while not self._stopping:
            try:
                begun = time.monotonic()
                published = self.publish_batch()
                if published == BATCH:
                    continue
                gather = min(max(GATHER_SECONDS, (time.monotonic() - begun) * _SHARE), _LONGEST_GATHER)
                # An aggregate's events go one at a time: an order for fifty people has fifty, and the next is due now.
                pause = gather if published else IDLE_SECONDS
                self._prune()
            except (BrokerUnavailable, SQLAlchemyError) as error:
                # Committed events wait in the table; nothing is lost while the broker or the database is away.
                reason = str(error) if isinstance(error, BrokerUnavailable) else type(error).__name__
                _log.warning("relay waits: %s", reason)
                pause = min(max(pause, IDLE_SECONDS) * 2, 8.0)
                eventlet.sleep(pause)
                continue
            with eventlet.Timeout(pause, False):
                self._woken.wait()
                eventlet.sleep(gather)
            self._woken = Event()

    def publish_batch(self) -> int:
        """Publish what waits, at most BATCH events; returns how many. The row locks, held until the broker has
        confirmed, are what keeps other relays off."""
        with self._database.transaction() as tx:
            waiting = self._outbox.claim(tx, BATCH)
            if waiting:
                self._publisher.send(*(_message(event) for event in waiting))
                self._outbox.mark_published(tx, [event.id for event in waiting], self._clock.now())
        for event in waiting:
            telemetry.EVENTS_PUBLISHED.labels(self._service, event.type).inc()
        return len(waiting)

    def _publish_again(self) -> None:
        """The memory bus died with the last process: what it held and no inbox had is published again."""
        with self._database.transaction() as tx:
            again = self._outbox.publish_again(tx)
        if again:
            _log.info("publishing again after a restart", extra={"events": again})

    def _prune(self) -> None:
        now = self._clock.now()
        if now - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = now
        published_before = now - (KEEP_PUBLISHED_MEMORY if self._memory else KEEP_PUBLISHED)
        gone = PRUNED_AT_ONCE
        while gone == PRUNED_AT_ONCE:
            with self._database.transaction() as tx:
                gone = self._outbox.prune(tx, published_before)

    def _measure(self) -> None:
        """Beside the relay itself, which does not come to it just when events wait for the broker."""
        while not self._stopping:
            try:
                with self._database.read() as connection:
                    waiting, oldest = self._outbox.waiting(connection)
            except SQLAlchemyError as error:
                _log.warning("cannot count waiting events: %s", type(error).__name__)
            else:
                age = (self._clock.now() - oldest).total_seconds() if oldest else 0.0
                telemetry.OUTBOX_WAITING.labels(self._service).set(waiting)
                telemetry.OUTBOX_OLDEST.labels(self._service).set(age)
            eventlet.sleep(_MEASURE_SECONDS)


def _message(event: Waiting) -> Message:
    return Message(EVENTS.name, event.type, event.body, content_type=CONTENT_TYPE, persistent=True)
