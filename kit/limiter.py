"""RPCs whose work asks a limited upstream: so many at once over all replicas, payments first (docs/adr/0013).

Their requests have a queue of their own with a single active consumer: RabbitMQ hands all of them to one replica,
and to the next when that one goes. The active replica takes in everything that waits, orders it, turns away what
finds no room or waited too long, and has as many workers at it as the upstream allows. Before it starts any it holds
the lease (kit.lease), so that work of a replica that was killed or cut off is over before the next one begins. On
`memory://` there is one process, and so no lease.
"""

from __future__ import annotations

import functools
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import eventlet
import kombu
from eventlet.event import Event
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider, ProviderCollector
from sqlalchemy.exc import SQLAlchemyError

from contract.errors import ContractError
from contract.rpc import Method
from contract.upstream import UpstreamBusy, UpstreamUnavailable
from kit import telemetry
from kit.broker import RPC, BusConsumer
from kit.lease import Lease
from kit.rpc import RpcEntrypoint, RpcQueue
from kit.waiting import Limits, Priority, Waiter, WaitingRoom
from kit.wire import expiry

LEASE_SPARE = 3.0
"""Seconds a lease is longer than the work it covers: under load it is prolonged this often."""
_ANSWER_SECONDS = 1.0
_TICK = 0.25
_STOP_SECONDS = 5.0

_log = logging.getLogger(__name__)


class EagerConsumer(BusConsumer):
    """Takes in everything there is; its connection lives until the work in hand is acknowledged."""

    prefetch_count = 0

    def cancel(self, provider: Any) -> None:
        """Stop deliveries; without a broker there are none."""
        removed = Event()
        self._pending_remove_providers[provider] = removed
        with eventlet.Timeout(_STOP_SECONDS, False):
            removed.wait()

    def unregister_provider(self, provider: Any) -> None:
        ProviderCollector.unregister_provider(self, provider)

    def on_iteration(self) -> None:
        self._cancel_consumers_if_requested()
        self.should_stop = not self._providers

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        for provider in self._providers:
            provider.forget()  # what came over the connection before this one is the broker's again
        return super().get_consumers(consumer_cls, channel)


@dataclass(frozen=True)
class Work:
    """A request and who serves it."""

    entrypoint: LimitedRpc
    message: Any
    request: Any

    @property
    def lost(self) -> bool:
        """Whether the connection it came over is gone: the broker delivers it again."""
        return not self.message.channel.connection


class LimitedQueue(RpcQueue):
    """The requests for one upstream, and those of them that are being worked on."""

    consumer = EagerConsumer()
    never_waits = True

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        super().__init__()

    @property
    def sharing_key(self) -> tuple[type[Any], str]:
        return type(self), self.upstream

    def setup(self) -> None:
        self._cancelled = None
        service, settings = self.container.service_name, self.container.config["settings"]
        self._limits: Limits = settings.upstreams[self.upstream]
        self._lease = None if settings.memory_bus else Lease(
            self.container.config["database"], self.upstream, self._limits.seconds + LEASE_SPARE
        )  # fmt: skip
        self._room: WaitingRoom[Work] = WaitingRoom(self._limits.room)
        self._in_flight = 0
        self._usual_seconds = 1.0
        self._woken = Event()
        self._stopping = False
        self.queue = kombu.Queue(
            f"{service}.upstream.{self.upstream}", exchange=RPC, routing_key=f"{service}.{self.upstream}.*",
            durable=True, queue_arguments={"x-single-active-consumer": True},
        )  # fmt: skip
        self.consumer.register_provider(self)
        self._show()

    def _show(self) -> None:
        telemetry.UPSTREAM_IN_FLIGHT.labels(self.upstream).set_function(lambda: self._in_flight)
        for priority in (Priority.PAYMENT, Priority.QUERY):
            waiting = telemetry.UPSTREAM_WAITING.labels(self.upstream, priority.name.lower())
            waiting.set_function(partial(self._room.waiting, priority))

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run)

    def _take_no_more(self) -> None:
        """Those that wait go back to the broker, for the next replica."""
        self.consumer.cancel(self)
        self._stopping = True
        for waiter in self._room.clear():
            self.consumer.requeue_message(waiter.work.message)
        self._wake()

    def stop(self) -> None:
        """Called when the work in hand is done."""
        self._thread.wait()
        self.consumer.unregister_provider(self)
        self._give_back_lease()

    def forget(self) -> None:
        """Nobody in the room is ours any more; what is in flight goes on."""
        self._room.clear()

    def ahead_of(self, ticket: str) -> int | None:
        """How many go before the holder of a ticket; None when they do not wait here."""
        return self._room.ahead_of(ticket) if ticket else None

    def seconds_behind(self, ahead: int) -> int:
        """About how long until so many were served, by what work took lately."""
        rounds = math.ceil((ahead + 1) / self._limits.in_flight)
        return max(2, math.ceil(rounds * self._usual_seconds))

    def handle_message(self, message: Any) -> None:
        now, until = time.time(), expiry(message.headers)
        if now > until:
            telemetry.EXPIRED_DROPPED.labels(self.container.service_name).inc()
            self.consumer.ack_message(message)
            return
        try:
            entrypoint = self.entrypoint(message)
            work = Work(entrypoint, message, entrypoint.read(message))
        except ContractError as error:
            self._answer_apart(message, error)
            return
        if entrypoint.priority is Priority.AT_ONCE:
            self.container.spawn_managed_thread(partial(entrypoint.start_work, work))
        else:
            self._admit(work, now, until - _ANSWER_SECONDS)

    def _admit(self, work: Work, now: float, until: float) -> None:
        ticket = getattr(work.request, "ticket", "")
        left = self._room.admit(Waiter(work, work.entrypoint.priority, now, until, ticket))
        if left is not None:
            self._refuse(left, len(self._room), "full")
        self._wake()

    def finished(self, seconds: float) -> None:
        """A worker is done with the upstream."""
        self._in_flight -= 1
        self._usual_seconds += (seconds - self._usual_seconds) / 20
        self._wake()

    def _wake(self) -> None:
        if not self._woken.ready():
            self._woken.send()

    def _run(self) -> None:
        while not self._stopping:
            with eventlet.Timeout(_TICK if len(self._room) else LEASE_SPARE, False):
                self._woken.wait()
            idle = not self._woken.ready() and not len(self._room)
            self._woken = Event()
            try:
                if idle:
                    self._give_back_lease()
                self._refuse_overdue()
                self._start_what_fits()
            except SQLAlchemyError as error:
                _log.warning("work for %s waits for the database: %s", self.upstream, type(error).__name__)
                eventlet.sleep(_TICK)

    def _start_what_fits(self) -> None:
        while len(self._room) and self._has_a_hand_free() and self._may_ask():
            waiter = self._room.next()
            if waiter is not None and not waiter.work.lost:
                self._in_flight += 1
                waited = telemetry.UPSTREAM_WAIT_SECONDS.labels(self.upstream, waiter.priority.name.lower())
                waited.observe(time.time() - waiter.since)
                waiter.work.entrypoint.start_work(waiter.work)

    def _has_a_hand_free(self) -> bool:
        # With all workers of the service busy we would be made to wait, and the lease be shorter than when we looked.
        return self._in_flight < self._limits.in_flight and bool(self.container._worker_pool.free())

    def _may_ask(self) -> bool:
        lease = self._lease
        return lease is None or lease.outlasts(self._limits.seconds) or lease.take()

    def _give_back_lease(self) -> None:
        if self._lease is not None and not self._in_flight and self._lease.outlasts(0):
            self._lease.release()

    def _refuse_overdue(self) -> None:
        for ahead, waiter in self._room.overdue(time.time()):
            self._refuse(waiter, ahead, "overdue")

    def _refuse(self, waiter: Waiter[Work], ahead: int, reason: str) -> None:
        if waiter.work.lost:
            return
        telemetry.UPSTREAM_REFUSED.labels(self.upstream, waiter.priority.name.lower(), reason).inc()
        self._answer_apart(waiter.work.message, UpstreamBusy.behind(ahead, self.seconds_behind(ahead)))

    def _answer_apart(self, message: Any, error: ContractError) -> None:
        """Answering may wait for the broker; taking in and starting work may not."""
        self.container.spawn_managed_thread(partial(self.answer, message, None, error))


class LimitedRpc(RpcEntrypoint):
    """Serves a method whose work asks a limited upstream."""

    limited = True

    def __init__(self, method: Method[Any, Any], priority: Priority, **kwargs: Any) -> None:
        self.priority = priority
        self.requests = LimitedQueue(method.upstream)
        super().__init__(method, **kwargs)

    def start_work(self, work: Work) -> None:
        """Start a worker; a dying container leaves the work to another replica."""
        try:
            self.start_worker(work.message, work.request)
        except ContainerBeingKilled:
            self.requests.consumer.requeue_message(work.message)

    def _finish(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if self.priority is not Priority.AT_ONCE:
            self.requests.finished(time.perf_counter() - worker_ctx.started)
        return super()._finish(message, worker_ctx, result, exc_info)


def limited(
    method: Method[Any, Any], priority: Priority
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Serve a method of the contract that names its upstream; the settings' `upstreams` hold its Limits.

    The work has the time its Limits give it, then ends as UpstreamUnavailable. It may ask the upstream several times,
    one after the other.
    """

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handler)
        def run(self: Any, request: Any) -> Any:
            with eventlet.Timeout(self.settings.upstreams[method.upstream].seconds, UpstreamUnavailable()):
                return handler(self, request)

        served: Callable[..., Any] = LimitedRpc.decorator(method, priority)(run)
        return served

    return decorate


class Limiter(DependencyProvider):
    """Gives workers the queue of an upstream, to say who waits where: `queue = Limiter("taxbank")`."""

    def __init__(self, upstream: str) -> None:
        self.queue = LimitedQueue(upstream)

    def get_dependency(self, worker_ctx: Any) -> LimitedQueue:
        return self.queue
