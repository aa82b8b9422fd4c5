"""Reconciliations of days: asked for, taken up by one process at a time, tried again, done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from contract.reconciliation import ReconciliationRun, RunState
from kit.database import insert_or_ignore
from services.payment.models import reconciliation_runs as runs

_COUNTS = ("ours", "unionpay", "core", "found", "new", "closed")


class RunStorage:
    """The table of runs."""

    def ask(self, tx: Connection, day: dt.date, operator: str, now: dt.datetime) -> ReconciliationRun:
        """A run of the day that is not done yet: a new one, or the one that waits already."""
        insert_or_ignore(
            tx, runs, day=day, state=RunState.WAITING.value, requested_by=operator, requested_at=now, next_at=now,
            attempts=0, files={}, problems=[], reason="", **dict.fromkeys(_COUNTS, 0),
        )  # fmt: skip
        waiting = update(runs).where(runs.c.day == day, runs.c.finished_at.is_(None))
        tx.execute(waiting.where(runs.c.state == RunState.WAITING.value).values(next_at=now))
        found = select(runs).where(runs.c.day == day, runs.c.finished_at.is_(None))
        return _run(tx.execute(found).one())

    def due(self, connection: Connection, now: dt.datetime) -> bool:
        """Whether there is anything to take up."""
        first = select(runs.c.run_id).where(runs.c.finished_at.is_(None), runs.c.next_at <= now).limit(1)
        return connection.execute(first).first() is not None

    def claim(
        self, tx: Connection, now: dt.datetime, until: dt.datetime
    ) -> tuple[ReconciliationRun, int] | None:
        """Take up the run that is due, the oldest day first, and keep others from it until then; also how often it
        was taken up: who was slower than that may not finish it."""
        due = select(runs).where(runs.c.finished_at.is_(None), runs.c.next_at <= now).order_by(runs.c.day)
        row = tx.execute(due.limit(1).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        attempt = row.attempts + 1
        taken = {"state": RunState.RUNNING.value, "next_at": until, "attempts": attempt}
        tx.execute(update(runs).where(runs.c.run_id == row.run_id).values(taken))
        return _run(row), attempt

    def keep(self, tx: Connection, run_id: int, attempt: int, until: dt.datetime) -> bool:
        """Keep a claimed run until then; False when somebody else has taken it up. Locks the row."""
        mine = (runs.c.run_id == run_id, runs.c.attempts == attempt, runs.c.finished_at.is_(None))
        return bool(tx.execute(update(runs).where(*mine).values(next_at=until)).rowcount == 1)

    def postpone(self, tx: Connection, run_id: int, attempt: int, until: dt.datetime, reason: str) -> None:
        """It could not be done: why, and when it is tried again."""
        mine = update(runs).where(runs.c.run_id == run_id, runs.c.attempts == attempt)
        tx.execute(mine.values(state=RunState.WAITING.value, next_at=until, reason=reason[:2000]))

    def finish(
        self, tx: Connection, run_id: int, now: dt.datetime, counts: Mapping[str, int], files: Mapping[str, Any],
        problems: Sequence[str],
    ) -> None:  # fmt: skip
        """It is done. The caller has kept it in the same transaction."""
        done = {
            "state": RunState.DONE.value, "finished_at": now, "next_at": None, "reason": "", "files": dict(files),
            "problems": list(problems), **counts,
        }  # fmt: skip
        tx.execute(update(runs).where(runs.c.run_id == run_id).values(done))

    def latest(self, connection: Connection, limit: int) -> list[ReconciliationRun]:
        """Newest first."""
        newest = select(runs).order_by(runs.c.run_id.desc()).limit(limit)
        return [_run(row) for row in connection.execute(newest)]

    def last_done(self, connection: Connection, day: dt.date) -> ReconciliationRun | None:
        """The newest run of the day that came to its end."""
        newest = (
            select(runs)
            .where(runs.c.day == day, runs.c.finished_at.is_not(None))
            .order_by(runs.c.run_id.desc())
            .limit(1)
        )
        row = connection.execute(newest).first()
        return _run(row) if row else None

    def days_asked(self, connection: Connection, since: dt.date) -> set[dt.date]:
        """Days that have a run, done or not."""
        return set(connection.execute(select(runs.c.day).where(runs.c.day >= since).distinct()).scalars())

    def days_done(self, connection: Connection, since: dt.date, until: dt.date) -> frozenset[dt.date]:
        """Days that have been reconciled, of those in between."""
        done = select(runs.c.day).where(runs.c.finished_at.is_not(None), runs.c.day.between(since, until))
        return frozenset(connection.execute(done.distinct()).scalars())

    def last_day_done(self, connection: Connection) -> dt.date | None:
        """The newest day that has been reconciled."""
        newest = select(func.max(runs.c.day)).where(runs.c.finished_at.is_not(None))
        day: dt.date | None = connection.execute(newest).scalar()
        return day


def _run(row: Row[Any]) -> ReconciliationRun:
    return ReconciliationRun(
        run_id=row.run_id, day=row.day, state=RunState(row.state), requested_by=row.requested_by,
        requested_at=row.requested_at, finished_at=row.finished_at,
        **{name: getattr(row, name) for name in _COUNTS}, problems=tuple(row.problems), reason=row.reason,
    )  # fmt: skip
