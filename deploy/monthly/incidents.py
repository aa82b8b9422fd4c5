"""What went wrong in a month and is on record: events that could not be handled, and alerts that fired."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import Connection, MetaData, func, inspect, select

from kit.inbox import inbox_table
from kit.telemetry import redact


@dataclass(frozen=True)
class Incident:
    """Events of one type that a service could not handle for one reason; `waiting` of them still cannot be."""

    service: str
    type: str
    reason: str
    number: int
    waiting: int


@dataclass(frozen=True)
class Fired:
    """An alert, and for how many minutes of the month it fired."""

    alert: str
    minutes: int


def fired(prometheus: str, since: dt.datetime, until: dt.datetime) -> list[Fired]:
    """The alerts of a month as Prometheus remembers them. Raises OSError when it does not answer."""
    minutes = round((until - since).total_seconds() / 60)
    query = f'max by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{minutes}m:1m]))'
    asked = {"query": query, "time": str(until.timestamp())}
    answer = requests.get(f"{prometheus.rstrip('/')}/api/v1/query", params=asked, timeout=60)
    answer.raise_for_status()
    return read_fired(answer.json())


def read_fired(answer: Any) -> list[Fired]:
    """What Prometheus' instant query says, the longest first."""
    found = [
        Fired(one["metric"]["alertname"], int(float(one["value"][1]))) for one in answer["data"]["result"]
    ]
    return sorted(found, key=lambda one: (-one.minutes, one.alert))


def parked(connection: Connection, service: str, since: dt.datetime, until: dt.datetime) -> list[Incident]:
    """Those of one service that came in the month and failed."""
    table = inbox_table(MetaData())
    if table.name not in inspect(connection).get_table_names():
        return []
    t = table.c
    failed = select(t.type, t.reason, t.state, func.count()).where(
        t.reason.is_not(None), t.received_at >= since, t.received_at < until
    )
    found: dict[tuple[str, str], list[int]] = {}
    for kind, reason, state, number in connection.execute(failed.group_by(t.type, t.reason, t.state)):
        counts = found.setdefault((kind, redact(reason.splitlines()[0])[:120]), [0, 0])
        counts[0] += number
        counts[1] += number if state != "done" else 0
    return [
        Incident(service, kind, reason, number, waiting)
        for (kind, reason), (number, waiting) in sorted(found.items())
    ]
