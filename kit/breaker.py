"""A circuit breaker: an upstream that fails again and again is left alone for a while, then tried with one call.

Our own, because the libraries hold a lock while they call (pybreaker), which would let one call through at a time.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable


class BreakerState(enum.IntEnum):
    """Numbered as the metric shows them."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Opens after `failures` failures in a row, for `rest` seconds; then a single probe decides.

    Each opening and closing begins a new round. An outcome counts only in the round its call was admitted in: the
    late answers of calls from before say nothing about the upstream of now.
    """

    def __init__(self, failures: int, rest: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._allowed, self._rest, self._monotonic = failures, rest, monotonic
        self._failed = 0
        self._round = 0
        self._state = BreakerState.CLOSED
        self._opened_at = 0.0

    @property
    def state(self) -> BreakerState:
        return self._state

    def admit(self) -> int | None:
        """The round of a call that may be made now, to be given back with its outcome; None when it may not."""
        if self._state is BreakerState.OPEN and self._monotonic() - self._opened_at >= self._rest:
            self._enter(BreakerState.HALF_OPEN)
            return self._round
        return self._round if self._state is BreakerState.CLOSED else None

    def record(self, admitted_in: int, answered: bool) -> None:
        """How an admitted call ended."""
        if admitted_in != self._round:
            return
        self._failed = 0 if answered else self._failed + 1
        if self._state is BreakerState.HALF_OPEN and answered:
            self._enter(BreakerState.CLOSED)
        elif self._state is BreakerState.HALF_OPEN or self._failed >= self._allowed:
            self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        self._state = state
        self._round += 1
        self._failed = 0
        self._opened_at = self._monotonic()
