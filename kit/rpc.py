"""RPC with deadlines, on Nameko's wire format (design.md §6).

A caller waits no longer than the method's deadline; the request expires with it; a worker drops what is past it.
Reads travel unconfirmed; commands confirmed and mandatory, so that the caller knows at once when nobody serves them.
Neither is written to disk: a request is worthless after its deadline (docs/adr/0001).
Errors of `contract.errors` arrive as what they were.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from functools import partial
from typing import Any, TypeVar

import eventlet
import kombu
from eventlet.event import Event
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider, Entrypoint, ProviderCollector, SharedExtension

from contract import schema
from contract.errors import ContractError, DeadlineExceeded, InvalidInput, Unavailable
from contract.rpc import Method
from contract.staff import roles_for
from kit import telemetry, tracing
from kit.broker import RPC, BusConsumer
from kit.database import AWAY
from kit.publisher import BrokerUnavailable, Message, Publisher, Unroutable
from kit.wire import CARRIED, EXPIRES, STAFF_SEAL, Seal, carried, error_data, error_from, expiry

Request = TypeVar("Request")
Answer = TypeVar("Answer")

_REPLY_QUEUE_TTL = 300_000

_log = logging.getLogger(__name__)


class LightPublisher(SharedExtension):
    """One unconfirmed publisher per container, for reads and for all answers."""

    def setup(self) -> None:
        self.publisher = Publisher(self.container.config["AMQP_URI"], confirm=False)

    def stop(self) -> None:
        self.publisher.close()


class RpcQueue(SharedExtension, ProviderCollector):
    """The service's request queue: hands each request to its entrypoint and answers it."""

    consumer = BusConsumer()
    light = LightPublisher()

    def setup(self) -> None:
        self._cancelled: Event | None = None
        name = self.container.service_name
        self.queue = kombu.Queue(f"rpc-{name}", exchange=RPC, routing_key=f"{name}.*", durable=True)
        self.consumer.register_provider(self)

    def unregister_provider(self, provider: Any) -> None:
        """With its first entrypoint stopped the service takes no more requests; others serve them. Until the broker
        has heard so, all entrypoints stay: it may still send something for any."""
        if self._cancelled is None:
            self._cancelled = Event()
            self._take_no_more()
            self._cancelled.send()
        self._cancelled.wait()
        super().unregister_provider(provider)

    def _take_no_more(self) -> None:
        self.consumer.unregister_provider(self)

    def handle_message(self, message: Any) -> None:
        if time.time() > expiry(message.headers):
            telemetry.EXPIRED_DROPPED.labels(self.container.service_name).inc()
            self.consumer.ack_message(message)
            return
        try:
            entrypoint = self.entrypoint(message)
            entrypoint.start_worker(message, entrypoint.read(message))
        except ContainerBeingKilled:
            self.consumer.requeue_message(message)
        except ContractError as error:
            self.answer(message, None, error)

    def entrypoint(self, message: Any) -> RpcEntrypoint:
        """Who serves a request. Raises Unavailable."""
        name = message.delivery_info["routing_key"].rpartition(".")[2]
        found: RpcEntrypoint | None = next((p for p in self._providers if p.method_name == name), None)
        if found is not None:
            return found
        raise Unavailable(f"没有名为 {name} 的服务")

    def answer(self, message: Any, result: Any, error: BaseException | None) -> None:
        """Send the answer, then acknowledge: a worker killed in between leaves the request for another."""
        properties = message.properties
        if reply_to := properties.get("reply_to"):
            body = json.dumps({"result": result, "error": error_data(error)}, ensure_ascii=False)
            correlation = {"correlation_id": properties.get("correlation_id")}
            try:
                self.light.publisher.send(Message(RPC.name, reply_to, body, properties=correlation))
            except BrokerUnavailable:
                _log.warning("an answer could not be sent; its caller will run into the deadline")
        self.consumer.ack_message(message)


class RpcEntrypoint(Entrypoint):
    """Serves one method of the contract."""

    requests = RpcQueue()
    limited = False
    for_staff = False
    kind = "rpc"

    def __init__(self, method: Method[Any, Any], **kwargs: Any) -> None:
        self.method = method
        super().__init__(**kwargs)

    @property
    def traced_as(self) -> str:
        return f"{self.container.service_name}.{self.method_name}"

    def setup(self) -> None:
        # The health method is inherited by every service and stands for that service's own.
        if self.method.name != self.method_name:
            raise TypeError(f"{self.method_name} serves {self.method.service}.{self.method.name}")
        if bool(self.method.upstream) is not self.limited:
            raise TypeError(
                f"{self.method_name}: work that asks a limited upstream, and no other, is limited"
            )
        if bool(roles_for(self.container.service_name, self.method.name)) is not self.for_staff:
            raise TypeError(
                f"{self.method_name}: what contract.staff.RIGHTS names, and no other, is for staff"
            )
        self.requests.register_provider(self)

    def stop(self) -> None:
        self.requests.unregister_provider(self)

    def read(self, message: Any) -> Any:
        """The request in a message. Raises InvalidInput."""
        try:
            return schema.load(self.method.request, schema.parse(message.body)["kwargs"]["request"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("unfit request for %s: %s", self.method_name, error)
            raise InvalidInput(f"{self.method_name} 的请求格式有误") from None

    def start_worker(self, message: Any, request: Any) -> None:
        """Start a worker for a request."""
        self.container.spawn_worker(
            self, (request, *self.caller(message)), {},
            context_data={name: message.headers.get(header) for name, header in CARRIED.items()},
            handle_result=partial(self._finish, message),
        )  # fmt: skip

    def caller(self, message: Any) -> tuple[Any, ...]:
        """What a method is told of who calls it, besides the request: only staff are told apart (kit.staff)."""
        return ()

    def _finish(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        answer = None
        if exc_info is None:
            try:
                answer = schema.dump(result)
            except Exception:
                exc_info = sys.exc_info()
        self.requests.answer(message, answer, self._told(exc_info[1]) if exc_info else None)
        return result, exc_info

    def _told(self, error: BaseException) -> BaseException:
        """What the caller hears of an error: a command on a lost database may or may not be committed."""
        if isinstance(error, AWAY):
            return DeadlineExceeded() if self.method.command else Unavailable()
        return error


rpc = RpcEntrypoint.decorator


class ReplyQueue(SharedExtension):
    """This container's own queue of answers."""

    consumer = BusConsumer()
    never_waits = True
    no_ack = True  # an answer is done with when it is read; the broker need not hear so

    def __init__(self) -> None:
        self._waiting: dict[str, Event] = {}
        super().__init__()

    def setup(self) -> None:
        self.address = str(uuid.uuid4())
        self.queue = kombu.Queue(
            f"rpc.reply-{self.container.service_name}-{self.address}", exchange=RPC, routing_key=self.address,
            queue_arguments={"x-expires": _REPLY_QUEUE_TTL},
        )  # fmt: skip
        self.consumer.register_provider(self)

    def stop(self) -> None:
        self.consumer.unregister_provider(self)

    def expect(self, call_id: str) -> Event:
        """An event that gets the answer of a call."""
        self._waiting[call_id] = Event()
        return self._waiting[call_id]

    def forget(self, call_id: str) -> None:
        """Nobody waits any more."""
        self._waiting.pop(call_id, None)

    def handle_message(self, message: Any) -> None:
        waiting = self._waiting.pop(message.properties.get("correlation_id"), None)
        if waiting is not None:
            waiting.send(message.body)


class Caller:
    """Calls methods of other services; services declare it as `rpc = RpcCaller()`."""

    def __init__(self, replies: ReplyQueue, light: Publisher, confirmed: Publisher) -> None:
        self._replies = replies
        self._light = light
        self._confirmed = confirmed

    def call(self, method: Method[Request, Answer], request: Request, seal: Seal | None = None) -> Answer:
        """The answer of a method, or the contract error it raised. `seal` proves for whom of the staff it is called.

        Raises Unavailable when nobody serves the method or the broker is away (nothing was done), and
        DeadlineExceeded when no answer, or no confirm, came in time (it may have been done).
        """
        if tracing.on:
            with tracing.asking(f"{method.service}.{method.name}"):
                return self._call(method, request, seal)
        return self._call(method, request, seal)

    def _call(self, method: Method[Request, Answer], request: Request, seal: Seal | None) -> Answer:
        call_id = str(uuid.uuid4())
        answer = self._replies.expect(call_id)
        try:
            self._send(method, request, call_id, seal)
            with eventlet.Timeout(
                method.deadline, DeadlineExceeded(method=f"{method.service}.{method.name}")
            ):
                body = json.loads(answer.wait())
        finally:
            self._replies.forget(call_id)
        if body["error"] is not None:
            raise error_from(body["error"])
        return schema.load(method.answer, body["result"])

    def _send(self, method: Method[Any, Any], request: Any, call_id: str, seal: Seal | None) -> None:
        body = json.dumps({"args": [], "kwargs": {"request": schema.dump(request)}}, ensure_ascii=False)
        headers = {EXPIRES: time.time() + method.deadline, **carried()}
        if seal is not None:
            headers[STAFF_SEAL] = seal(method, body)
        message = Message(
            RPC.name, _routing_key(method), body, mandatory=method.command, expiration=method.deadline, headers=headers,
            properties={"reply_to": self._replies.address, "correlation_id": call_id},
        )  # fmt: skip
        try:
            (self._confirmed if method.command else self._light).send(message)
        except Unroutable:
            raise Unavailable(service=method.service) from None
        except BrokerUnavailable as error:
            if method.command and error.sent:
                raise DeadlineExceeded(method=f"{method.service}.{method.name}") from error
            raise Unavailable(service=method.service) from error


class RpcCaller(DependencyProvider):
    """Gives workers a Caller."""

    replies = ReplyQueue()
    light = LightPublisher()

    def setup(self) -> None:
        self._confirmed = Publisher(self.container.config["AMQP_URI"], confirm=True)

    def stop(self) -> None:
        self._confirmed.close()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        return Caller(self.replies, self.light.publisher, self._confirmed)


def _routing_key(method: Method[Any, Any]) -> str:
    """Requests whose work asks a limited upstream go to a queue of their own (kit.limiter)."""
    return ".".join(part for part in (method.service, method.upstream, method.name) if part)
