"""Correlation ids, structured logs without personal data, and Prometheus metrics."""

from __future__ import annotations

import contextlib
import contextvars
import copy
import dataclasses
import datetime as dt
import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from nameko.extensions import DependencyProvider
from prometheus_client import Counter, Gauge, Histogram

from contract.errors import ContractError
from kit import tracing
from kit.database import AWAY

CORRELATION = "correlation_id"
"""The name under which the id travels in bus headers."""

ORIGIN = "origin"
"""The same of the address a person acts from."""
TIMER = "timer"
"""The kind of an entrypoint that is none of the kit's."""
CRASH, LOST = "crash", "database_away"
"""Results of work that ended as nobody foresaw, and of work whose database went away."""

_correlation: contextvars.ContextVar[str] = contextvars.ContextVar("correlation", default="")
_origin: contextvars.ContextVar[str] = contextvars.ContextVar("origin", default="")

WORK_SECONDS = Histogram(
    "work_seconds", "Time a worker took, by entrypoint and how it ended",
    ["service", "kind", "entrypoint", "result"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
EVENTS_CONSUMED = Counter("events_consumed", "Events by outcome", ["service", "event", "outcome"])
EVENTS_PUBLISHED = Counter("events_published", "Events the relay put on the bus", ["service", "event"])
EXPIRED_DROPPED = Counter(
    "rpc_expired_dropped", "Requests dropped because their caller had gone", ["service"]
)
OUTBOX_WAITING = Gauge("outbox_waiting", "Events committed and not yet on the bus", ["service"])
OUTBOX_OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest event not yet on the bus", ["service"])
INBOX_PARKED = Gauge("inbox_parked", "Events parked for an operator", ["service"])
STAFF_REFUSED = Counter(
    "staff_calls_refused", "Staff calls without proof or right", ["service", "method", "reason"]
)
UPSTREAM_IN_FLIGHT = Gauge("upstream_in_flight", "Workers that ask a limited upstream", ["upstream"])
UPSTREAM_WAITING = Gauge("upstream_waiting", "Requests that wait for an upstream", ["upstream", "priority"])
UPSTREAM_WAIT_SECONDS = Histogram(
    "upstream_wait_seconds", "How long requests waited before an upstream was asked", ["upstream", "priority"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40),
)  # fmt: skip
UPSTREAM_REFUSED = Counter(
    "upstream_refused", "Requests turned away: no room, or too late", ["upstream", "priority", "reason"]
)
UPSTREAM_CALLS = Counter(
    "upstream_calls", "Calls of an outside party: the quota used", ["upstream", "operation", "outcome"]
)
JOURNAL_WAITING = Gauge("journal_waiting", "Audited acts that are not chained yet", ["service"])
JOURNAL_UNTOLD = Gauge("journal_untold", "Chained acts the audit collector does not have yet", ["service"])
BREAKER_STATE = Gauge("upstream_breaker", "0 closed, 1 probing, 2 open", ["upstream"])


def new_correlation_id() -> str:
    return uuid.uuid4().hex


def correlation_id() -> str:
    """The id of the work in hand; empty outside any."""
    return _correlation.get()


def origin() -> str:
    """The address of whoever is behind the work in hand, or their account of this machine, for the journal (kit/audit);
    empty for work of our own."""
    return _origin.get()


def originate(address: str | None) -> None:
    """Take over the address that came with the work, if it looks like one."""
    given = address or ""
    _origin.set(given if re.fullmatch(r"[0-9A-Fa-f.:]{2,45}", given) else "")


@contextlib.contextmanager
def working_from(account: str) -> Iterator[None]:
    """Work that is of an account of this machine: who sits at a command line has no address."""
    before = _origin.set(account)
    try:
        yield
    finally:
        _origin.reset(before)


# A document number or bank account (15 to 20 digits) or a mobile number that slipped into a message. Fields are masked
# where they are made; this is the net below, so that a library's message cannot leak one.
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])(\d{17}[Xx]|\d{15,20}|(?:86)?1[3-9]\d{9})(?![0-9A-Za-z])")


def redact(text: str) -> str:
    """Text with anything that looks like a document, account or phone number blanked."""
    return _PERSONAL.sub("[redacted]", text)


def correlate(identifier: str | None) -> None:
    """Take over the id that came with the work, if it looks like one and like nothing personal, else make one."""
    given = identifier or ""
    fit = re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given) and redact(given) == given
    _correlation.set(given if fit else new_correlation_id())


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, correlation id, and the record's `extra` fields."""

    _STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if correlation := correlation_id():
            entry["correlation_id"] = correlation
        if tracing.on and (trace := tracing.trace_id()):
            entry["trace_id"] = trace
        entry |= {key: value for key, value in vars(record).items() if key not in self._STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(entry, ensure_ascii=False, default=_shown))


def _message(record: logging.LogRecord) -> str:
    """What is said, with payloads among its arguments shown by their type alone."""
    given = record.args
    if isinstance(given, tuple) and any(map(dataclasses.is_dataclass, given)):
        record = copy.copy(record)
        record.args = tuple(_shown(one) if dataclasses.is_dataclass(one) else one for one in given)
    return record.getMessage()


def _shown(value: Any) -> str:
    """A value JSON does not know. Whatever holds fields (a person, a request, an order) may hold somebody's: of it only
    the type is told."""
    return f"<{type(value).__name__}>" if dataclasses.is_dataclass(value) else str(value)


def configure_logging(level: str) -> None:
    """Send every log line of the process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Nameko logs every failed worker with its traceback, expected errors included; Telemetry says it once.
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
    for noisy in ("nameko", "amqp", "kombu", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger(noisy).level))


class Telemetry(DependencyProvider):
    """Gives each worker its correlation id, times it, traces it, and logs what went wrong."""

    def worker_setup(self, worker_ctx: Any) -> None:
        correlate(worker_ctx.data.get(CORRELATION))
        worker_ctx.data[CORRELATION] = correlation_id()
        originate(worker_ctx.data.get(ORIGIN))
        worker_ctx.started = time.perf_counter()
        if tracing.on:
            kind, name = _described(worker_ctx.entrypoint)
            parent = worker_ctx.data.get(tracing.TRACEPARENT)
            worker_ctx.traced = tracing.begin(worker_ctx.service_name, kind, name, parent, correlation_id())

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        error = exc_info[1] if exc_info else None
        outcome = _outcome(result, error)
        elapsed = time.perf_counter() - worker_ctx.started
        service, name = worker_ctx.service_name, worker_ctx.entrypoint.method_name
        kind = getattr(worker_ctx.entrypoint, "kind", TIMER)
        WORK_SECONDS.labels(service, kind, name, outcome).observe(elapsed)
        log = logging.getLogger(service)
        if isinstance(error, AWAY):
            log.warning("%s found the database away: %s", name, type(error).__name__)
        elif error is not None and not isinstance(error, ContractError):
            log.error("%s crashed", name, exc_info=exc_info)
        if tracing.on and (traced := getattr(worker_ctx, "traced", None)):
            tracing.end(traced, outcome, failed=outcome in (CRASH, LOST) or outcome.startswith("5"))


def _described(entrypoint: Any) -> tuple[str, str]:
    """Which kind an entrypoint of the kit is, and what its spans are called."""
    return getattr(entrypoint, "kind", TIMER), getattr(entrypoint, "traced_as", "")


def _outcome(result: Any, error: BaseException | None) -> str:
    """How a worker ended: ok, a contract error's code, or CRASH; of a route, the status of what is not ok."""
    if error is None:
        status = getattr(result, "status_code", 200)
        return "ok" if status < 400 else str(status)
    if isinstance(error, ContractError):
        return error.code
    return LOST if isinstance(error, AWAY) else CRASH
