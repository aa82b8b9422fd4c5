"""Which provider takes a message: weights, shares that follow what happened lately, and the providers' rates. No I/O.

Shares and pace are rows all replicas work on (docs/adr/0020): a provider in trouble falls to LEAST at once and drifts
back a step at a time, whoever looks. Reminders are paced by the clock and never ahead of it; a code may take a place
ahead, so that it waits behind other codes at most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

FULL: Final = 100
LEAST: Final = 5
"""Percent of its weight a provider in trouble keeps: without any traffic nobody would see it recover."""

DRIFT: Final = 10
DRIFT_EVERY: Final = dt.timedelta(seconds=30)
WINDOW: Final = dt.timedelta(seconds=30)
"""What happened longer ago says nothing about now."""

FEWEST: Final = 5
"""Calls in the window below which nothing is concluded."""

WORST_RATE: Final = 0.2
SLOWEST: Final = 2.0
"""Mean seconds of a call: above it the provider is too slow for codes, whose page waits."""

OVERDUE: Final = dt.timedelta(seconds=3)
"""A call without an end for so long has failed, whatever comes."""

_FARTHEST: Final = 10.0
_BURST: Final = 0.25
"""Seconds of a provider's rate that may be used at once."""


@dataclass(frozen=True)
class Provider:
    """One provider as configured: `weight` among the others, `rate` messages a second it takes."""

    name: str
    weight: int
    rate: float


@dataclass(frozen=True)
class Standing:
    """What all replicas know of a provider: `share` percent of its weight, and `next_at`, the first moment its rate
    leaves free, in seconds since the epoch."""

    provider: str
    share: int
    changed_at: dt.datetime
    next_at: float


@dataclass(frozen=True)
class Traffic:
    """Calls of the window: `failures` the provider answers for, `seconds` a call took on average."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0

    @property
    def troubled(self) -> bool:
        """Whether the provider should have as little as possible."""
        if self.calls < FEWEST:
            return False
        return self.failures / self.calls >= WORST_RATE or self.seconds >= SLOWEST


def unknown(name: str, now: dt.datetime) -> Standing:
    """Where a provider stands that nobody has asked yet."""
    return Standing(name, FULL, now, 0.0)


def next_standing(standing: Standing, traffic: Traffic, now: dt.datetime) -> Standing:
    """The standing after a look at the traffic; the same object where nothing changes."""
    since = abs(now - standing.changed_at)  # a clock may be set back
    if traffic.troubled:
        if standing.share == LEAST and since < DRIFT_EVERY / 2:
            return standing
        return replace(standing, share=LEAST, changed_at=now)
    if standing.share < FULL and since >= DRIFT_EVERY:
        return replace(standing, share=min(FULL, standing.share + DRIFT), changed_at=now)
    return standing


def choose(
    providers: Sequence[Provider], standings: Mapping[str, Standing], without: Collection[str], draw: float
) -> Provider | None:
    """One of the providers, by weight and share; `draw` lies in [0, 1). None when all are excluded."""
    parts = [(p, p.weight * standings[p.name].share) for p in providers if p.name not in without]
    left = draw * sum(part for _, part in parts)
    for provider, part in parts:
        left -= part
        if left < 0:
            return provider
    return parts[-1][0] if parts else None


def too_weak_for_codes(providers: Sequence[Provider], standings: Mapping[str, Standing]) -> Collection[str]:
    """Those a code is not risked with: all whose share is under half of the best one's."""
    highest = max((standings[p.name].share for p in providers), default=0)
    return {p.name for p in providers if standings[p.name].share * 2 < highest}


def room(provider: Provider, standing: Standing, now: dt.datetime) -> int:
    """How many reminders the provider's rate leaves free now."""
    free = (now.timestamp() - first_free(provider, standing, now)) * provider.rate
    return int(free + 1e-6)


def first_free(provider: Provider, standing: Standing, now: dt.datetime) -> float:
    """The first moment the provider's rate leaves free, of those that count."""
    early, late = bounds(provider, now)
    return standing.next_at if early <= standing.next_at <= late else early


def bounds(provider: Provider, now: dt.datetime) -> tuple[float, float]:
    """Between which moments a provider's pointer counts: what was not used a while ago is lost, and what lies further
    ahead than anybody may take was written before a clock was set back."""
    moment, each = now.timestamp(), 1 / provider.rate
    return moment - max(_BURST, each), moment + max(_FARTHEST, 2 * each)
