"""Counts of the calls that reached each endpoint, since the start or the last reset."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Counters:
    """Calls, calls now in flight and the most ever in flight, per endpoint and per person; in flight also per party
    (`taxbank` beside `taxbank.insured`), because a party bounds all of its endpoints together."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Begin counting anew; calls now in flight stay in flight."""
        self._calls: Counter[str] = Counter()
        self._answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._most: Counter[str] = Counter(self._in_flight)
        self._people: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @contextmanager
    def call(self, endpoint: str, person: str | None) -> Iterator[None]:
        """Count one call. ``person`` is an ``id_hash``, never an ID number."""
        self._calls[endpoint] += 1
        if person:
            self._people[person][endpoint] += 1
        both = endpoint, endpoint.partition(".")[0]
        for name in both:
            self._in_flight[name] += 1
            self._most[name] = max(self._most[name], self._in_flight[name])
        try:
            yield
        finally:
            for name in both:
                self._in_flight[name] -= 1

    def answered(self, endpoint: str, status: int) -> None:
        self._answers[endpoint][status] += 1

    def of_person(self, person: str) -> dict[str, int]:
        return dict(self._people.get(person, {}))

    def snapshot(self) -> dict[str, Any]:
        return {
            "calls": dict(self._calls),
            "answers": {name: {str(k): n for k, n in c.items()} for name, c in self._answers.items()},
            "in_flight": {name: count for name, count in self._in_flight.items() if count},
            "max_in_flight": dict(self._most),
            "people": {person: dict(counts) for person, counts in self._people.items()},
        }
