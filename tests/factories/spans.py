"""Work that is traced, and the spans it leaves."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kit import tracing
from kit.telemetry import Telemetry


@contextlib.contextmanager
def recorded(*services: str) -> Iterator[InMemorySpanExporter]:
    """Tracing on for services; their spans."""
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter), services)
    try:
        yield exporter
    finally:
        tracing.stop()


def worker(service: str, kind: str, name: str, **data: str) -> SimpleNamespace:
    entrypoint = SimpleNamespace(kind=kind, traced_as=name, method_name=name)
    return SimpleNamespace(service_name=service, entrypoint=entrypoint, data=dict(data))


def work(ctx: SimpleNamespace, do: Callable[[], Any] = lambda: None, error: Exception | None = None) -> Any:
    """Run a worker as Nameko does, in a context of its own as every greenlet has."""

    def run() -> Any:
        telemetry = Telemetry()
        telemetry.worker_setup(ctx)
        found = do()
        telemetry.worker_result(ctx, None, (type(error), error, None) if error else None)
        return found

    return contextvars.Context().run(run)


def finished(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}
