"""Who waits for a limited upstream, in which order, and who has to go when there is no room."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Work = TypeVar("Work")


@dataclass(frozen=True)
class Limits:
    """What an upstream may be asked of by all replicas together.

    `in_flight` calls at once, `room` for those who wait, `seconds` for one piece of work from its start to its end.
    """

    in_flight: int
    room: int
    seconds: float


class Priority(enum.IntEnum):
    """The lower goes first. `AT_ONCE` is for questions about the queue itself, which never wait in it."""

    AT_ONCE = 0
    PAYMENT = 1
    QUERY = 2


@dataclass(frozen=True, eq=False)
class Waiter(Generic[Work]):
    """One piece of work. `until` is when it is too late to start it; `ticket` finds its place again."""

    work: Work
    priority: Priority
    since: float
    until: float
    ticket: str = ""


class WaitingRoom(Generic[Work]):
    """A bounded queue: payments before queries, and each in the order they came."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._lines: dict[Priority, deque[Waiter[Work]]] = {priority: deque() for priority in Priority}
        self._soonest = float("inf")

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Waiter[Work]]:
        for line in self._lines.values():
            yield from line

    def admit(self, waiter: Waiter[Work]) -> Waiter[Work] | None:
        """Let one more in; returns who has to go for it: the last of those that come after it, or itself."""
        self._lines[waiter.priority].append(waiter)
        self._soonest = min(self._soonest, waiter.until)
        return self._last() if len(self) > self._room else None

    def next(self) -> Waiter[Work] | None:
        """Who goes first leaves the room."""
        return next((line.popleft() for line in self._lines.values() if line), None)

    def overdue(self, now: float) -> list[tuple[int, Waiter[Work]]]:
        """Those for whom it has become too late leave the room, each with how many were ahead."""
        if now < self._soonest:
            return []
        late = [(ahead, waiter) for ahead, waiter in enumerate(self) if waiter.until <= now]
        for priority, line in self._lines.items():
            self._lines[priority] = deque(waiter for waiter in line if waiter.until > now)
        self._soonest = min((waiter.until for waiter in self), default=float("inf"))
        return late

    def clear(self) -> list[Waiter[Work]]:
        """Everybody leaves the room."""
        everybody = list(self)
        for line in self._lines.values():
            line.clear()
        return everybody

    def ahead_of(self, ticket: str) -> int | None:
        """How many go before the holder of a ticket; None when nobody in the room has it."""
        return next((place for place, waiter in enumerate(self) if waiter.ticket == ticket), None)

    def waiting(self, priority: Priority) -> int:
        """How many of a priority wait."""
        return len(self._lines[priority])

    def _last(self) -> Waiter[Work]:
        return next(line.pop() for line in reversed(self._lines.values()) if line)
