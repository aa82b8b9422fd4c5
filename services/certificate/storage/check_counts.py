"""How often something was tried within the hour."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, select, update

from kit.database import insert_or_ignore
from services.certificate.models import check_counts


class CheckCounts:
    """Counted in the row itself, so that replicas share one count."""

    def add(self, tx: Connection, subject: str, now: dt.datetime) -> int:
        """One more; how many that makes in this hour."""
        t, hour = check_counts, _hour(now)
        insert_or_ignore(tx, t, subject=subject, hour=hour, count=0)
        mine = (t.c.subject == subject) & (t.c.hour == hour)
        tx.execute(update(t).where(mine).values(count=t.c.count + 1))
        return int(tx.execute(select(t.c.count).where(mine)).scalar_one())

    def read(self, tx: Connection, subject: str, now: dt.datetime) -> int:
        """How many there were in this hour."""
        t = check_counts
        mine = (t.c.subject == subject) & (t.c.hour == _hour(now))
        return int(tx.execute(select(t.c.count).where(mine)).scalar() or 0)

    def forget(self, tx: Connection, now: dt.datetime) -> None:
        """Older hours mean nothing."""
        tx.execute(delete(check_counts).where(check_counts.c.hour < _hour(now)))


def _hour(now: dt.datetime) -> dt.datetime:
    return now.replace(minute=0, second=0, microsecond=0)
