"""What a report tells of a day, whatever it is written as."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.insurance import Channel
from contract.reconciliation import BreakKind, BreakState, BreakView, ListBreaks, Party, ReconciliationRun
from services.payment.reconciliation.breaks import AGES, OLDEST, age_days, age_label, view
from services.payment.reconciliation.running import Desk

LISTED = 300
"""As many breaks are listed on the page; the spreadsheet has all."""

_DAYS_BEHIND = 14
_PAGE = 500


@dataclass(frozen=True)
class Taken:
    """What a merchant took through a channel on the day, by our books; `amount` in fen."""

    channel: str
    merchant: str
    orders: int
    amount: int


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: what is still waiting, and what is closed."""

    label: str
    waiting: int
    closed: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.closed


@dataclass(frozen=True)
class Summary:
    """A day's reconciliation. `ages` are of all breaks that wait, whatever their day; `before` is how many were found
    on each of the last days, oldest first."""

    day: dt.date
    made_at: dt.datetime
    run: ReconciliationRun | None
    taken: tuple[Taken, ...]
    kinds: tuple[Bar, ...]
    parties: tuple[Bar, ...]
    merchants: tuple[Bar, ...]
    channels: tuple[Bar, ...]
    ages: tuple[Bar, ...]
    before: tuple[Bar, ...]
    breaks: tuple[BreakView, ...]

    @property
    def waiting(self) -> int:
        return sum(bar.waiting for bar in self.kinds)

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.kinds)


def summarise(day: dt.date, d: Desk) -> Summary:
    """What there is to tell of the day now."""
    now = d.clock.now()
    with d.database.read() as connection:
        counted = d.breaks.counts(connection, "kind", "party", "mid", "channel", "state", day=day)
        taken = tuple(Taken(_channel(channel), *rest) for channel, *rest in d.books.totals(connection, day))
        ages: Counter[str] = Counter()
        for first_seen, number in d.breaks.counts(connection, "first_seen"):
            ages[age_label(age_days(first_seen, now))] += number
        run = d.runs.last_done(connection, day)
        behind = [day - dt.timedelta(days=n) for n in reversed(range(_DAYS_BEHIND))]
        found = {one: d.runs.last_done(connection, one) for one in behind}
    labels = [label for _, label in AGES] + [OLDEST]
    return Summary(
        day, now, run, taken,
        kinds=_bars([(BreakKind(kind).label, state, n) for kind, _, _, _, state, n in counted]),
        parties=_bars([(Party(party).label, state, n) for _, party, _, _, state, n in counted]),
        merchants=_bars([(mid or "（征收子系统）", state, n) for _, _, mid, _, state, n in counted]),
        channels=_bars([(_channel(channel), state, n) for _, _, _, channel, state, n in counted]),
        ages=tuple(Bar(label, ages[label]) for label in labels),
        before=tuple(Bar(f"{one:%m-%d}", run.found if run else 0) for one, run in found.items()),
        breaks=tuple(every_break(day, d, LISTED)),
    )  # fmt: skip


def every_break(day: dt.date, d: Desk, most: int | None = None) -> Iterator[BreakView]:
    """The day's breaks a page at a time, those that wait before those that are closed."""
    told = 0
    for state in BreakState:
        wanted = ListBreaks(day=day, state=state, limit=_PAGE)
        while most is None or told < most:
            with d.database.read() as connection:
                rows, _ = d.breaks.page(connection, wanted)
            for row in rows[: None if most is None else most - told]:
                yield view(row, d.clock.now())
                told += 1
            if len(rows) < _PAGE:
                break
            wanted = replace(wanted, after=rows[-1].break_id)


def _channel(value: str) -> str:
    return Channel(value).label if value else "（不是我方订单）"


def _bars(counted: list[tuple[str, str, int]]) -> tuple[Bar, ...]:
    """By label, the longest first."""
    waiting: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    for label, state, number in counted:
        (closed if state == BreakState.CLOSED.value else waiting)[label] += number
    bars = [Bar(label, waiting[label], closed[label]) for label in {**waiting, **closed}]
    return tuple(sorted(bars, key=lambda bar: (-bar.total, bar.label)))
