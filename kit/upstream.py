"""What every adapter of a limited upstream calls through: `with self._upstream.call("insured"):`.

The breaker decides whether to ask at all; each call is counted by operation and outcome, which is the quota used.
How many calls there are at once is decided before, by kit.limiter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from contract.errors import ContractError, Unavailable
from contract.upstream import UpstreamUnavailable
from kit import telemetry, tracing
from kit.breaker import Breaker


class Upstream:
    """One outside party, with its breaker."""

    def __init__(self, name: str, breaker: Breaker) -> None:
        self._name, self._breaker = name, breaker
        telemetry.BREAKER_STATE.labels(name).set_function(lambda: float(breaker.state))

    @contextlib.contextmanager
    def call(self, operation: str) -> Iterator[None]:
        """Around one call. An answer is an answer even when it says no; Unavailable, or anything unforeseen, is a
        failure. Raises UpstreamUnavailable while the breaker is open."""
        admitted_in = self._breaker.admit()
        if admitted_in is None:
            self._count(operation, "held_back")
            raise UpstreamUnavailable()
        answered = False
        try:
            with tracing.asking(f"{self._name}.{operation}") if tracing.on else contextlib.nullcontext():
                yield
            answered = True
        except ContractError as error:
            answered = not isinstance(error, Unavailable)
            raise
        finally:
            self._breaker.record(admitted_in, answered)
            self._count(operation, "answered" if answered else "failed")

    def _count(self, operation: str, outcome: str) -> None:
        telemetry.UPSTREAM_CALLS.labels(self._name, operation, outcome).inc()
