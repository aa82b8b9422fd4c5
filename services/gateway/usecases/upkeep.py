"""What the gateway tidies up by itself."""

from __future__ import annotations

import datetime as dt

from services.gateway.usecases.cards import LIFE
from services.gateway.usecases.ports import Ports, ReadingStorage


def prune(
    idle: dt.timedelta,
    absolute: dt.timedelta,
    journey_life: dt.timedelta,
    readings: ReadingStorage,
    ports: Ports,
) -> None:
    """Forget dead sessions, old journeys and what was read of cards, and the personal data in them."""
    now = ports.clock.now()
    with ports.transactions.transaction() as tx:
        ports.sessions.prune(tx, now - idle, now - absolute)
        ports.journeys.prune(tx, now - journey_life)
        readings.prune(tx, now - LIFE)
