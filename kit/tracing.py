"""Traces: which request caused which call, which event and which question to an outside party (docs/adr/0032).

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Whoever has something to tell asks `if tracing.on` first, and while it
is off that is all it costs. A span says what was done, by which entrypoint, how it ended and under which correlation
id; never for whom.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from contract.errors import ContractError

TRACEPARENT = "traceparent"
"""The name under which W3C's trace context travels: in the headers of requests, and as CloudEvents' extension."""

on = False

_KINDS = {"http": SpanKind.SERVER, "rpc": SpanKind.SERVER, "event": SpanKind.CONSUMER}
"""What is traced; timers are not: most find nothing to do."""

_wire = TraceContextTextMapPropagator()
_tracers: dict[str, Tracer] = {}
_processor: Any = None
_tracer: contextvars.ContextVar[Tracer | None] = contextvars.ContextVar("tracer", default=None)
"""Of the service whose work is in hand; outside any work nothing is traced."""


@dataclass(frozen=True)
class Work:
    """The span of a worker, which is the current one of its greenlet until it ends."""

    span: Any
    token: Any


def configure(endpoint: str, services: Iterable[str]) -> None:
    """Send the spans of these services to an OTLP/HTTP collector; an empty endpoint leaves tracing off.

    Sampling and batching follow OpenTelemetry's own variables (OTEL_TRACES_SAMPLER and others).
    """
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    use(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")), services)


def use(processor: Any, services: Iterable[str]) -> None:
    """Give the spans of these services to a processor."""
    global on, _processor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    for service in services:
        provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        _tracers[service] = provider.get_tracer("kit.tracing")
    on, _processor = True, processor


def stop() -> None:
    """Send what is not sent yet, and trace no more."""
    global on
    if on:
        on = False
        _processor.shutdown()
        _tracers.clear()


def begin(service: str, kind: str, name: str, parent: str | None, correlation_id: str) -> Work | None:
    """A worker begins, as the child of what its caller or its event carried; None for what is not traced (timers)."""
    tracer = _tracers.get(service)
    if tracer is None or kind not in _KINDS:
        return None
    before = _wire.extract({TRACEPARENT: parent} if parent else {}, context.Context())
    attributes = {"correlation_id": correlation_id, "entrypoint.kind": kind}
    span = tracer.start_span(name, before, _KINDS[kind], attributes)
    _tracer.set(tracer)
    return Work(span, context.attach(trace.set_span_in_context(span, before)))


def end(work: Work, outcome: str, failed: bool) -> None:
    """A worker is done; `outcome` is its result as metrics name it."""
    work.span.set_attribute("outcome", outcome)
    if failed:
        work.span.set_status(StatusCode.ERROR)
    work.span.end()
    context.detach(work.token)
    _tracer.set(None)


@contextlib.contextmanager
def asking(name: str) -> Iterator[None]:
    """Around a call to another service or an outside party, made by the work in hand."""
    tracer = _tracer.get()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            # What was raised may quote anything: its kind is told, its words are not.
            told = error.code if isinstance(error, ContractError) else type(error).__name__
            span.set_attribute("outcome", told)
            raise


def carried() -> str | None:
    """The trace context of the work in hand, to travel with what it sends; None outside any."""
    headers: dict[str, str] = {}
    _wire.inject(headers)
    return headers.get(TRACEPARENT)


def trace_id() -> str:
    """The trace of the work in hand as logs name it; empty outside any."""
    found = trace.get_current_span().get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else ""
