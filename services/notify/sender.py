"""The sender: takes queued reminders to the provider, several at a time, in every process of the service."""

from __future__ import annotations

import logging
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.exc import SQLAlchemyError

from services.notify import usecases
from services.notify.adapters.base import SmsProvider
from services.notify.adapters.tencent import Account, TencentSms
from services.notify.config import Config
from services.notify.domain import Message
from services.notify.storage import NotifyStorage

IDLE_SECONDS = 1.0
_MEASURE_EVERY = 15.0

STEPS = Counter("sms_steps", "Reminders by kind and the state a step left them in", ["kind", "state"])
SECONDS = Histogram("sms_step_seconds", "Time of one step of a reminder, provider and database together")
WAITING = Gauge("sms_waiting", "Reminders by state that are not done", ["state"])

_log = logging.getLogger(__name__)


def provider(settings: Config) -> SmsProvider:
    """The SMS provider of these settings."""
    account = Account(
        settings.tencent_sms_url, settings.tencent_secret_id, settings.tencent_secret_key,
        settings.tencent_sms_app_id, settings.tencent_sms_region,
    )  # fmt: skip
    return TencentSms(account, settings.catalogue())


class Bell:
    """Rung by a worker that queued something; the sender hears it when the worker's transaction is over."""

    def __init__(self) -> None:
        self.rung = False

    def ring(self) -> None:
        self.rung = True


class Sender(DependencyProvider):  # type: ignore[misc]
    """Runs the sender of this process and gives each worker its bell: `bell = Sender()`."""

    def setup(self) -> None:
        config = self.container.config
        self._settings: Config = config["settings"]
        self._database, self._clock = config["database"], config["clock"]
        self._storage = NotifyStorage()
        self._provider = provider(self._settings)
        self._pool = eventlet.GreenPool(self._settings.senders)
        self._woken = Event()
        self._stopping = self._more = False

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run)
        self._gauge = self.container.spawn_managed_thread(self._measure)

    def stop(self) -> None:
        """Finish what is on its way to the provider."""
        self._stopping = True
        self._wake()
        self._thread.wait()
        self._pool.waitall()
        self._provider.close()

    def get_dependency(self, worker_ctx: Any) -> Bell:
        bell = worker_ctx.bell = Bell()
        return bell

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        if worker_ctx.bell.rung:
            self._wake()

    def _run(self) -> None:
        while not self._stopping:
            self._woken = Event()
            free = self._pool.free()
            # Claims are refilled by halves: one transaction for many messages.
            wanted = free if free * 2 >= self._settings.senders else 0
            claimed = self._claim(wanted) if wanted else []
            for message in claimed:
                self._pool.spawn_n(self._deliver, message)
            self._more = not wanted or len(claimed) == wanted
            with eventlet.Timeout(IDLE_SECONDS, False):
                if not (self._more and wanted and self._pool.free()):
                    self._woken.wait()

    def _claim(self, limit: int) -> list[Message]:
        try:
            return usecases.claim(self._database, self._storage, self._clock, limit)
        except SQLAlchemyError as error:
            _log.warning("reminders wait for the database: %s", type(error).__name__)
            return []

    def _deliver(self, message: Message) -> None:
        try:
            with SECONDS.time():
                step = usecases.deliver(
                    message, self._database, self._storage, self._provider, self._clock,
                    self._settings.lookup_grace,
                )  # fmt: skip
            STEPS.labels(message.sms.kind.value, step.state.value if step else "claim too old").inc()
        except Exception:
            # The row keeps its lease; when that ends, the provider is asked what became of it.
            _log.exception("a step of a reminder crashed", extra={"message_id": message.sms.message_id})
        finally:
            if self._more:
                self._wake()

    def _measure(self) -> None:
        while not self._stopping:
            try:
                with self._database.read() as connection:
                    for state, count in self._storage.waiting(connection).items():
                        WAITING.labels(state).set(count)
            except SQLAlchemyError as error:
                _log.warning("cannot count waiting reminders: %s", type(error).__name__)
            eventlet.sleep(_MEASURE_EVERY)

    def _wake(self) -> None:
        if not self._woken.ready():
            self._woken.send()
