"""What an operator is woken up by: breaks nobody has closed, and days nobody has reconciled."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from prometheus_client import Gauge

from contract.reconciliation import BreakKind
from kit.clock import CHINA
from services.payment.reconciliation.breaks import age_days
from services.payment.reconciliation.running import Desk

_OPEN = Gauge("reconciliation_open_breaks", "Breaks nobody has closed, by days since seen", ["kind", "age"])
_LAST = Gauge("reconciliation_last_day_seconds", "Beginning of the newest reconciled day, since the epoch")
_AGES = ((1, "0-1"), (3, "2-3"), (7, "4-7"))
_OLDER = "8+"


def measure(d: Desk) -> None:
    """Set the gauges to what is stored."""
    now = d.clock.now()
    with d.database.read() as connection:
        seen: Counter[tuple[str, str]] = Counter()
        for kind, first_seen, number in d.breaks.counts(connection, "kind", "first_seen"):
            seen[kind, _age(age_days(first_seen, now))] += number
        last = d.runs.last_day_done(connection)
    for known in BreakKind:
        for age in (*(label for _, label in _AGES), _OLDER):
            _OPEN.labels(known.value, age).set(seen[known.value, age])
    if last is not None:
        _LAST.set(dt.datetime.combine(last, dt.time(), CHINA).timestamp())


def _age(days: int) -> str:
    return next((label for most, label in _AGES if days <= most), _OLDER)
