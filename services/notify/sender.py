"""The sender: takes queued reminders to the providers, several at a time, in every process of the service."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.exc import SQLAlchemyError

from services.notify.adapters import aliyun, gateway, tencent, wechat
from services.notify.adapters.aliyun import AliyunSms
from services.notify.adapters.base import Reports, SmsProvider
from services.notify.adapters.gateway import GatewaySms
from services.notify.adapters.tencent import TencentSms
from services.notify.adapters.wechat import WechatMessages
from services.notify.config import Config
from services.notify.domain.messages import WECHAT, Accepted, Found, Message, NotFound, Rejected, Sms
from services.notify.storage import NotifyStorage
from services.notify.templates import Catalogue
from services.notify.usecases import receipts, reminders
from services.notify.usecases.channels import Channels

IDLE_SECONDS = 1.0
_HELD_BACK_SECONDS = 0.05
_LOOK_EVERY = 2.0
_MEASURE_EVERY = 15.0

STEPS = Counter("sms_steps", "Reminders by kind and the state a step left them in", ["kind", "state"])
SECONDS = Histogram("sms_step_seconds", "Time of one step of a reminder, provider and database together")
WAITING = Gauge("sms_waiting", "Reminders by state that are not done", ["state"])
CALLS = Histogram(
    "sms_call_seconds", "Calls of a provider by what came of them", ["provider", "call", "outcome"]
)
RECEIPTS = Counter("sms_receipts", "Carriers' reports, each counted once", ["provider", "fate"])
SHARE = Gauge("sms_provider_share", "Percent of its weight a provider has now", ["provider"])

_log = logging.getLogger(__name__)


class Measured:
    """A provider whose calls are counted and timed."""

    def __init__(self, name: str, adapter: SmsProvider) -> None:
        self.name, self.adapter = name, adapter

    def close(self) -> None:
        """Let go of what the provider holds open."""
        self.adapter.close()

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected | Found:
        """Hand over one message. Raises Ambiguous."""
        with self._measured("send") as seen:
            seen.append(answer := self.adapter.send(sms, now))
        return answer

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """What became of a message. Raises Ambiguous."""
        with self._measured("find") as seen:
            seen.append(answer := self.adapter.find(message_id, phone, since, now))
        return answer

    @contextmanager
    def _measured(self, call: str) -> Iterator[list[object]]:
        began, seen = time.perf_counter(), list[object]()
        try:
            yield seen
        finally:
            outcome = type(seen[0]).__name__ if seen else "Ambiguous"
            CALLS.labels(self.name, call, outcome).observe(time.perf_counter() - began)


def channels(settings: Config, database: Any) -> Channels:
    """The channels of these settings; `database` keeps WeChat's access token for all replicas."""
    catalogue = settings.catalogue()
    adapters: dict[str, SmsProvider] = {
        provider.name: sms(provider.name, settings, catalogue) for provider in settings.providers
    }
    if settings.wechat_messages:
        account = wechat.Account(
            settings.wechat_api_url,
            settings.wechat_appid,
            settings.wechat_secret,
            settings.wechat_message_page,
        )
        adapters[WECHAT] = WechatMessages(account, catalogue, database, NotifyStorage())
    measured = {name: Measured(name, adapter) for name, adapter in adapters.items()}
    return Channels(settings.providers, measured, catalogue)


def sms(name: str, settings: Config, catalogue: Catalogue) -> SmsProvider:
    """The adapter of one SMS provider."""
    if name == tencent.NAME:
        return TencentSms(
            tencent.Account(
                settings.tencent_sms_url, settings.tencent_secret_id, settings.tencent_secret_key,
                settings.tencent_sms_app_id, settings.tencent_sms_region,
            ),
            catalogue,
        )  # fmt: skip
    if name == aliyun.NAME:
        account = aliyun.Account(
            settings.aliyun_sms_url, settings.aliyun_access_key_id, settings.aliyun_access_key_secret,
            settings.aliyun_sms_region,
        )  # fmt: skip
        return AliyunSms(account, catalogue)
    own = gateway.Account(settings.sms_gateway_url, settings.sms_gateway_user, settings.sms_gateway_key)
    return GatewaySms(own, gateway.shape(settings.sms_gateway_shape), catalogue)


def receivers(settings: Config) -> dict[str, Reports]:
    """Whose receipts are taken, by name; also of a provider that is not used any more, for what it still has to say."""
    catalogue = settings.catalogue()
    names = {provider.name for provider in settings.providers} | {tencent.NAME, aliyun.NAME}
    made = {name: sms(name, settings, catalogue) for name in names}
    return {name: adapter for name, adapter in made.items() if isinstance(adapter, Reports)}


class ChannelsInUse(DependencyProvider):  # type: ignore[misc]
    """Gives workers the providers: `channels = ChannelsInUse()`."""

    def setup(self) -> None:
        config = self.container.config
        self._channels = channels(config["settings"], config["database"])

    def stop(self) -> None:
        self._channels.close()

    def get_dependency(self, worker_ctx: Any) -> Channels:
        return self._channels


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
        self._channels = channels(self._settings, self._database)
        self._pool = eventlet.GreenPool(self._settings.senders)
        self._woken = Event()
        self._stopping = self._more = False

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run)
        self._looking = self.container.spawn_managed_thread(self._look)
        self._gauge = self.container.spawn_managed_thread(self._measure)

    def stop(self) -> None:
        """Finish what is on its way to the provider."""
        self._stopping = True
        self._wake()
        self._thread.wait()
        self._pool.waitall()
        self._channels.close()

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
            claimed = self._claim(wanted) if wanted else reminders.Claimed(())
            for message in claimed.messages:
                self._pool.spawn_n(self._deliver, message)
            self._more = not wanted or len(claimed.messages) == wanted
            with eventlet.Timeout(_HELD_BACK_SECONDS if claimed.held_back else IDLE_SECONDS, False):
                if not (self._more and wanted and self._pool.free()):
                    self._woken.wait()

    def _claim(self, limit: int) -> reminders.Claimed:
        try:
            return reminders.claim(
                self._database, self._storage, self._channels, self._clock, limit, self._settings.quiet
            )
        except SQLAlchemyError as error:
            _log.warning("reminders wait for the database: %s", type(error).__name__)
            return reminders.Claimed(())

    def _deliver(self, message: Message) -> None:
        try:
            with SECONDS.time():
                step = reminders.deliver(
                    message, self._database, self._storage, self._channels, self._clock,
                    self._settings.patience,
                )  # fmt: skip
            STEPS.labels(message.sms.kind.value, step.state.value if step else "claim too old").inc()
        # Either way the row keeps its lease; when that ends, the provider is asked what became of it.
        except SQLAlchemyError as error:
            _log.warning("a step of a reminder lost the database: %s", type(error).__name__)
        except Exception:
            _log.exception("a step of a reminder crashed", extra={"message_id": message.sms.message_id})
        finally:
            if self._more:
                self._wake()

    def _look(self) -> None:
        while not self._stopping:
            try:
                shares = receipts.look_at_providers(
                    self._database, self._storage, self._channels, self._clock
                )
                for name, share in shares.items():
                    SHARE.labels(name).set(share)
            except SQLAlchemyError as error:
                _log.warning("providers are not looked at: %s", type(error).__name__)
            eventlet.sleep(_LOOK_EVERY)

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
