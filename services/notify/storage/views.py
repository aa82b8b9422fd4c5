"""Reminders and sends as people and staff look at them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, case, func, insert, literal_column, select, update

from contract.audit import Act, Action, staff
from contract.deliveries import Attempt
from kit.audit import JOURNAL
from services.notify.domain.kept import Figures, Kept
from services.notify.domain.messages import State
from services.notify.models import attempts, messages, replays
from services.notify.templates import Kind


class ViewRows:
    """Questions about `messages` and `attempts`, and the `replays` table."""

    def list_of_payer(self, tx: Connection, payer_id: str, limit: int) -> Sequence[Kept]:
        """The newest reminders of what a payer paid."""
        t = messages
        newest = select(t).where(t.c.payer_id == payer_id).order_by(t.c.created_at.desc()).limit(limit)
        return [_kept(row) for row in tx.execute(newest)]

    def list_messages(
        self, tx: Connection, event_id: str | None, state: State | None, limit: int
    ) -> Sequence[Kept]:
        """The newest reminders, of one event or in one state if named."""
        t = messages
        asked = select(t).order_by(t.c.created_at.desc()).limit(limit)
        if event_id is not None:
            asked = asked.where(t.c.event_id == event_id)
        if state is not None:
            asked = asked.where(t.c.state == state.value)
        return [_kept(row) for row in tx.execute(asked)]

    def find_message(self, tx: Connection, message_id: str, lock: bool = False) -> Kept | None:
        """One reminder."""
        found = select(messages).where(messages.c.message_id == message_id)
        row = tx.execute(found.with_for_update() if lock else found).first()
        return None if row is None else _kept(row)

    def attempts_of(self, tx: Connection, message_ids: Sequence[str]) -> Mapping[str, tuple[Attempt, ...]]:
        """The sends of some messages, in their order."""
        t = attempts
        rows = tx.execute(
            select(t).where(t.c.message_id.in_(message_ids)).order_by(t.c.message_id, t.c.number)
        )
        found: dict[str, tuple[Attempt, ...]] = {}
        for row in rows:
            attempt = Attempt(
                row.provider, row.begun_at, row.ended_at, row.answer, row.fate, row.reason, row.serial
            )
            found[row.message_id] = (*found.get(row.message_id, ()), attempt)
        return found

    def figures(self, tx: Connection, since: dt.datetime, until: dt.datetime) -> Sequence[Figures]:
        """What every provider did with every kind of message."""
        t = attempts
        took = t.c.serial.is_not(None) | (t.c.answer == "accepted")
        counted = (
            select(
                t.c.provider, t.c.kind, func.count().label("attempts"), _sum(took, 1).label("accepted"),
                _sum(t.c.fate == "delivered", 1).label("delivered"), _sum(t.c.fate == "failed", 1).label("failed"),
                _sum(took, t.c.segments).label("segments"), func.avg(_milliseconds(tx)).label("milliseconds"),
            )
            .where(t.c.begun_at >= since, t.c.begun_at < until)
            .group_by(t.c.provider, t.c.kind).order_by(t.c.provider, t.c.kind)
        )  # fmt: skip
        return [
            Figures(row.provider, Kind(row.kind), row.attempts, row.accepted, row.delivered, row.failed,
                    row.segments, round(row.milliseconds or 0))
            for row in tx.execute(counted)
        ]  # fmt: skip

    def requeue(self, tx: Connection, message_id: str, now: dt.datetime) -> None:
        """Let an undelivered reminder begin anew; its tries go on counting, because each is a row."""
        values: dict[str, Any] = {
            "state": State.QUEUED.value, "due_at": now, "changed_at": now, "avoided": "", "resends": 0,
            "reason": None,
        }  # fmt: skip
        tx.execute(update(messages).where(messages.c.message_id == message_id).values(**values))

    def add_replay(
        self, tx: Connection, message_id: str, operator: str, reason: str, before: State, now: dt.datetime
    ) -> None:
        """Who sends again, and why."""
        tx.execute(insert(replays).values(
            replay_id=str(uuid.uuid4()), message_id=message_id, operator=operator, reason=reason,
            state_before=before.value, at=now,
        ))  # fmt: skip
        JOURNAL.add(
            tx, Act(staff(operator), Action.REMINDER_REPLAYED, f"message:{message_id}", purpose=reason), now
        )


def _sum(condition: Any, value: Any) -> Any:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0).cast(Integer)


def _milliseconds(tx: Connection) -> Any:
    if tx.dialect.name == "sqlite":
        return literal_column("(julianday(attempts.ended_at) - julianday(attempts.begun_at)) * 86400000")
    return func.extract("epoch", attempts.c.ended_at - attempts.c.begun_at) * 1000


def _kept(row: Any) -> Kept:
    return Kept(
        row.message_id, row.event_id, Kind(row.kind), row.phone, row.variables, row.template_version, row.segments,
        State(row.state), row.provider, row.reason, row.created_at,
    )  # fmt: skip
