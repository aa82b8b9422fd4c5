"""Bursts of what only somebody who tries doors does: counted per source, told once a minute (security.md 13)."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from prometheus_client import Counter

from kit.crypto import blind_index

BURST = 20
"""Within SECONDS; a clumsy resident does not reach it, a program does at once."""

SECONDS = 60
_PURPOSE = "intrusion.source"

SIGNALS = Counter("intrusion_signals", "What only somebody who tries doors does, by what it is", ["event"])
BURSTS = Counter("intrusion_bursts", "Sources that reached a burst, by what they tried", ["event"])


class Burst(NamedTuple):
    """What an event tells of a source, whom nobody can name from it."""

    source: str
    times: int
    seconds: int


class Watch:
    """What one process saw in this minute. `event` is the name of the event that tells of it."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._minute, self._seen = 0, dict[str, int]()

    def saw(self, address: str, now: dt.datetime) -> Burst | None:
        """Count one more from an address. The burst, at the moment it is reached."""
        SIGNALS.labels(self._event).inc()
        minute = int(now.timestamp()) // SECONDS
        if minute != self._minute:
            self._minute, self._seen = minute, {}
        count = self._seen[address] = self._seen.get(address, 0) + 1
        if count != BURST:
            return None
        BURSTS.labels(self._event).inc()
        return Burst(blind_index(_PURPOSE, address).hex(), count, SECONDS)
