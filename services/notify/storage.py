"""The only code that queries the notify database."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from kit.database import insert_or_ignore
from services.notify.domain import LEASE, CodeState, Message, Sms, State, Step
from services.notify.models import codes, messages
from services.notify.templates import Kind

_WAITING = (State.QUEUED.value, State.SENDING.value)


class NotifyStorage:
    """Reminders and codes; every method works inside the caller's transaction."""

    def add(
        self,
        tx: Connection,
        event_id: str,
        kind: Kind,
        phone: str,
        variables: Mapping[str, str],
        template_version: str,
        segments: int,
        now: dt.datetime,
    ) -> bool:
        """Queue a reminder; False when this event already has one of this kind for this phone."""  # fmt: skip
        return insert_or_ignore(
            tx, messages, message_id=str(uuid.uuid4()), event_id=event_id, recipient=phone, kind=kind.value,
            phone=phone, variables=dict(variables), template_version=template_version, segments=segments,
            state=State.QUEUED.value, tries=0, due_at=now, created_at=now, changed_at=now,
        )  # fmt: skip

    def told(self, tx: Connection, event_id: str, kind: Kind) -> bool:
        """Whether anybody has a reminder of this kind about it."""
        t = messages
        known = select(t.c.message_id).where(t.c.event_id == event_id, t.c.kind == kind.value).limit(1)
        return tx.execute(known).first() is not None

    def claim(self, tx: Connection, limit: int, now: dt.datetime) -> list[Message]:
        """Take what is due, for the length of a lease. Other senders skip what this transaction has locked.

        A queued message begins its next try. One whose earlier claim ran out keeps its try and is doubtful.
        """
        t = messages
        due = select(t).where(t.c.state.in_(_WAITING), t.c.due_at <= now).order_by(t.c.due_at).limit(limit)
        claimed = [_claimed(row, now) for row in tx.execute(due.with_for_update(skip_locked=True))]
        lease = {"state": State.SENDING.value, "due_at": now + LEASE, "changed_at": now}
        begun = {"tries": t.c.tries + 1, "tried_at": now}
        for doubtful, values in ((False, lease | begun), (True, lease)):
            ids = [message.sms.message_id for message in claimed if message.doubtful is doubtful]
            if ids:
                tx.execute(update(t).where(t.c.message_id.in_(ids)).values(**values))
        return claimed

    def record(self, tx: Connection, message: Message, step: Step, now: dt.datetime) -> bool:
        """What became of a claimed message; False when a later claim has overtaken this one.

        That it was sent is true whoever says it; everything else counts only for the claim's own try.
        """
        t = messages
        mine = t.c.message_id == message.sms.message_id
        if step.state is State.SENT:
            allowed = t.c.state != State.SENT.value
        else:
            allowed = (t.c.state == State.SENDING.value) & (t.c.tries == message.tries)
        values = {
            "state": step.state.value, "due_at": step.due_at, "reason": step.reason or None, "changed_at": now,
            **({"serial": step.serial} if step.serial else {}),
        }  # fmt: skip
        return bool(tx.execute(update(t).where(mine, allowed).values(**values)).rowcount == 1)

    def waiting(self, tx: Connection) -> dict[str, int]:
        """How many messages are in each state that somebody must still act on."""
        t = messages
        counted = (
            select(t.c.state, func.count().label("number")).where(t.c.state.in_(_WAITING)).group_by(t.c.state)
        )
        return dict.fromkeys(_WAITING, 0) | {row.state: row.number for row in tx.execute(counted)}

    def begin_code(self, tx: Connection, reference: str, phone: str, now: dt.datetime) -> CodeState | None:
        """Note that a code is about to be sent; the state it is already in when it was asked for before."""
        fresh = insert_or_ignore(
            tx, codes, reference=reference, recipient=phone, state=CodeState.SENDING.value, created_at=now,
            changed_at=now,
        )  # fmt: skip
        if fresh:
            return None
        return CodeState(tx.execute(select(codes.c.state).where(codes.c.reference == reference)).scalar_one())

    def end_code(
        self, tx: Connection, reference: str, state: CodeState, serial: str, reason: str, now: dt.datetime
    ) -> None:
        """What the provider said about a code. That it was sent is never taken back by a repeat."""
        values = {"state": state.value, "serial": serial or None, "reason": reason or None, "changed_at": now}
        open_ = codes.c.state != CodeState.SENT.value
        tx.execute(update(codes).where(codes.c.reference == reference, open_).values(**values))

    def forget_codes(self, tx: Connection, before: dt.datetime) -> None:
        """Delete codes sent before a moment."""
        tx.execute(delete(codes).where(codes.c.created_at < before))


def _claimed(row: Any, now: dt.datetime) -> Message:
    doubtful = row.state == State.SENDING.value
    return Message(
        Sms(row.message_id, Kind(row.kind), row.phone, row.variables),
        tries=row.tries if doubtful else row.tries + 1,
        created_at=row.created_at,
        tried_at=row.tried_at if doubtful else now,
        doubtful=doubtful,
    )
