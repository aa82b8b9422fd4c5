"""What the gateway tidies up by itself."""

from __future__ import annotations

import datetime as dt

from services.gateway.usecases.ports import Ports


def prune(idle: dt.timedelta, absolute: dt.timedelta, journey_life: dt.timedelta, ports: Ports) -> None:
    """Forget dead sessions and old journeys and batches, and the personal data in them."""
    now = ports.clock.now()
    with ports.transactions.transaction() as tx:
        ports.sessions.prune(tx, now - idle, now - absolute)
        ports.journeys.prune(tx, now - journey_life)
        ports.batches.prune(tx, now - journey_life)
