"""The only code that queries the counts of requests."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from services.gateway.models import rates


class RateCounts:
    """Requests by caller and minute, of all replicas."""

    def add(self, tx: Connection, caller: str, minute: dt.datetime, more: int) -> int:
        """Count more; returns how many all replicas counted."""
        build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        row = build(rates).values(caller=caller, minute=minute, requests=more)
        summed = row.on_conflict_do_update(
            index_elements=[rates.c.caller, rates.c.minute],
            set_={"requests": rates.c.requests + row.excluded.requests},
        )
        return int(tx.execute(summed.returning(rates.c.requests)).scalar_one())

    def prune(self, tx: Connection, before: dt.datetime) -> int:
        """Forget minutes that are over; returns how many counts."""
        return int(tx.execute(delete(rates).where(rates.c.minute < before)).rowcount)
