"""UnionPay's notifies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from kit.database import insert_new
from services.payment.domain.notifies import Notify
from services.payment.models import notifies


class NotifyRows:
    """The `notifies` table."""

    def add_notifies(
        self, tx: Connection, received: Sequence[Notify], now: dt.datetime, done: bool
    ) -> Sequence[str]:
        """Store genuine notifies once; gives the digests of those that were not known."""
        # In one order everywhere, so that no two replicas wait for each other.
        rows = [
            {"digest": one.digest, "mer_order_id": one.mer_order_id, "raw": one.raw, "received_at": now, "attempts": 0,
             "processed_at": now if done else None, "next_at": None if done else now}
            for one in sorted({one.digest: one for one in received}.values(), key=lambda one: one.digest)
        ]  # fmt: skip
        return insert_new(tx, notifies, notifies.c.digest, rows)

    def claim_notify(self, tx: Connection, now: dt.datetime, until: dt.datetime) -> Notify | None:
        """A kept notify that is due, pushed to `until` so that no other replica takes it meanwhile."""
        due = select(notifies).where(notifies.c.processed_at.is_(None), notifies.c.next_at <= now)
        row = tx.execute(due.order_by(notifies.c.next_at).limit(1).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        tx.execute(update(notifies).where(notifies.c.digest == row.digest).values(next_at=until))
        return Notify(row.digest, row.mer_order_id, row.raw, row.attempts)

    def notify_done(self, tx: Connection, digest: str, now: dt.datetime) -> None:
        """The notify has been processed."""
        tx.execute(update(notifies).where(notifies.c.digest == digest).values(processed_at=now, next_at=None))

    def notify_failed(self, tx: Connection, notify: Notify, reason: str, next_at: dt.datetime) -> None:
        """The notify could not be processed; try again later."""
        failed = update(notifies).where(notifies.c.digest == notify.digest)
        tx.execute(failed.values(reason=reason[:2000], next_at=next_at, attempts=notify.attempts + 1))
