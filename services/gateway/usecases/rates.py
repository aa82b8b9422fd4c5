"""Requests are counted where they come in, and the counts of who comes often are shared with the other replicas."""

from __future__ import annotations

import datetime as dt

from contract.errors import TooMany
from services.gateway.domain.rates import MINUTE, Rates
from services.gateway.usecases.ports import Ports, RateStorage


def admit(caller: str, limit: int, rates: Rates, now: dt.datetime) -> None:
    """Raises TooMany with the seconds after which to come back."""
    if wait := rates.take(caller, limit, int(now.timestamp())):
        raise TooMany(retry_after=wait)


def share(rates: Rates, counts: RateStorage, ports: Ports) -> None:
    """Tell the other replicas of those who come often, and learn what they counted."""
    minute = rates.minute
    began = dt.datetime.fromtimestamp(minute * MINUTE, dt.UTC)
    for caller, more in rates.to_share().items():
        with ports.transactions.transaction() as tx:
            everywhere = counts.add(tx, caller, began, more)
        rates.shared(caller, more, everywhere, minute)


def forget_old(counts: RateStorage, ports: Ports) -> None:
    """A minute that is over limits nobody any more."""
    with ports.transactions.transaction() as tx:
        counts.prune(tx, ports.clock.now() - dt.timedelta(seconds=2 * MINUTE))
