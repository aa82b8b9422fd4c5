"""Spans make one tree, say nothing of anybody, and are not made at all while tracing is off (docs/adr/0032)."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from contract import events
from contract.errors import Refused
from contract.payment import OrderPlacedEvent
from kit import tracing
from kit.telemetry import CORRELATION, JsonFormatter
from kit.tracing import TRACEPARENT
from tests.factories.payloads import event
from tests.factories.spans import finished, recorded, work, worker

NUMBER = "45010319780612204X"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Tracing on, for gateway and payment; their spans."""
    with recorded("gateway", "payment") as exporter:
        yield exporter


def test_what_a_call_causes_hangs_below_it(spans: InMemorySpanExporter) -> None:
    def ask() -> str | None:
        with tracing.asking("payment.place_order"):
            return tracing.carried()

    carried = work(worker("gateway", "http", "POST /orders"), ask)
    work(worker("payment", "rpc", "place_order", **{TRACEPARENT: carried}))
    found = finished(spans)
    call, served, route = found["payment.place_order"], found["place_order"], found["POST /orders"]
    assert route.parent is None
    assert call.parent and call.parent.span_id == route.context.span_id
    assert served.parent and served.parent.span_id == call.context.span_id
    assert len({span.context.trace_id for span in found.values()}) == 1
    assert served.resource.attributes["service.name"] == "payment"


@pytest.mark.parametrize("carried", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "0" * 4000])
def test_a_trace_context_that_is_none_begins_a_new_trace(spans: InMemorySpanExporter, carried: str) -> None:
    work(worker("payment", "event", "order.placed.v1", **{TRACEPARENT: carried}))
    assert finished(spans)["order.placed.v1"].parent is None


def test_a_span_says_how_it_ended_and_for_nobody(spans: InMemorySpanExporter) -> None:
    def ask() -> None:
        with pytest.raises(ValueError), tracing.asking("identity.check_person"):
            raise ValueError(f"no such person {NUMBER}")
        with pytest.raises(Refused), tracing.asking("identity.log_in"):
            raise Refused(f"{NUMBER} 请先登录。")

    work(worker("gateway", "http", "POST /login"), ask, error=KeyError(NUMBER))
    found = finished(spans)
    assert NUMBER not in "".join(span.to_json() for span in found.values())
    assert found["POST /login"].status.status_code is StatusCode.ERROR
    assert found["POST /login"].attributes == {
        "correlation_id": found["POST /login"].attributes["correlation_id"],
        "entrypoint.kind": "http",
        "outcome": "crash",
    }
    assert dict(found["identity.check_person"].attributes or {}) == {"outcome": "ValueError"}
    assert dict(found["identity.log_in"].attributes or {}) == {"outcome": Refused.code}
    assert not any(span.events for span in found.values()), "an exception's words may hold anything"


def test_a_refusal_is_an_answer_and_no_failure(spans: InMemorySpanExporter) -> None:
    work(worker("payment", "rpc", "place_order"), error=Refused("不可以。"))
    assert finished(spans)["place_order"].status.status_code is StatusCode.UNSET


def test_timers_are_not_traced(spans: InMemorySpanExporter) -> None:
    assert work(worker("payment", "timer", "look_after_orders"), tracing.carried) is None
    assert not finished(spans)


def test_a_log_line_names_its_trace(spans: InMemorySpanExporter) -> None:
    record = logging.makeLogRecord({"msg": "placed"})
    line = work(worker("payment", "rpc", "place_order"), lambda: JsonFormatter().format(record))
    assert json.loads(line)["trace_id"] == f"{finished(spans)['place_order'].context.trace_id:032x}"
    assert "trace_id" not in json.loads(JsonFormatter().format(record))


def test_nothing_is_traced_while_tracing_is_off() -> None:
    assert not tracing.on, "off unless a collector is named"
    ctx = worker("payment", "rpc", "place_order", **{CORRELATION: "0123456789abcdef"})
    assert "trace_id" not in work(
        ctx, lambda: JsonFormatter().format(logging.makeLogRecord({"msg": "placed"}))
    )
    assert not hasattr(ctx, "traced")


def test_an_event_carries_the_trace_context_only_where_there_is_one() -> None:
    said = {
        "event_id": "e-1", "source": events.OWN_SOURCES + "payment", "subject": "o-1",
        "time": dt.datetime(2026, 11, 23, tzinfo=dt.UTC), "correlation_id": "c-1",
    }  # fmt: skip
    placed, context = event(OrderPlacedEvent, order_id="o-1"), "00-" + "1a" * 16 + "-" + "2b" * 8 + "-01"
    assert TRACEPARENT not in json.loads(events.encode(placed, **said))
    traced = events.encode(placed, **said, traceparent=context)
    assert json.loads(traced)[TRACEPARENT] == events.decode(traced).traceparent == context
