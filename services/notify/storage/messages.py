"""Reminders on their way."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, delete, func, select, type_coerce, update

from kit.crypto import blind_index
from kit.database import insert_new
from services.notify.domain.messages import LEASE, Message, Sms, State, Step
from services.notify.domain.telling import Reminder
from services.notify.models import messages, wechat_users
from services.notify.templates import Kind

_WAITING = (State.QUEUED.value, State.SENDING.value)
_AWAITED = (State.SENDING.value, State.SENT.value)
_ON_ITS_WAY = (State.SENT.value, State.DELIVERED.value)

_OVER_THE_CAP = "over the phone's daily cap"
_RECIPIENT = "messages.recipient"
# Built once: every payment passes here, and building a statement costs more than executing it.
_HAD = (
    select(type_coerce(messages.c.recipient, LargeBinary).label("whose"), func.count().label("number"))
    .where(
        messages.c.recipient.in_(bindparam("recipients", expanding=True)),
        messages.c.created_at >= bindparam("since"),
    )
    .group_by(messages.c.recipient)
)


class MessageRows:
    """The `messages` table."""

    def had(self, tx: Connection, phones: Collection[str], since: dt.datetime) -> dict[str, int]:
        """How many reminders there are of a moment and later for each of these phones, by phone."""
        named = {blind_index(_RECIPIENT, phone): phone for phone in phones}
        found = tx.execute(_HAD, {"recipients": list(named), "since": since})
        return {named[bytes(row.whose)]: row.number for row in found}

    def add(
        self, tx: Connection, reminders: Sequence[Reminder], template_version: str, now: dt.datetime
    ) -> list[Reminder]:
        """Queue reminders, or keep those that are not wanted; gives those of whose occasion, kind and phone there was
        none."""
        # In one order everywhere, so that no two replicas wait for each other.
        rows = {
            str(uuid.uuid4()): reminder
            for reminder in sorted(reminders, key=lambda reminder: (reminder.about, reminder.phone))
        }
        values = [_row(*row, template_version, now) for row in rows.items()]
        return [rows[message_id] for message_id in insert_new(tx, messages, messages.c.message_id, values)]

    def told(self, tx: Connection, event_id: str, kind: Kind) -> bool:
        """Whether anybody has a reminder of this kind about it."""
        t = messages
        known = select(t.c.message_id).where(t.c.event_id == event_id, t.c.kind == kind.value).limit(1)
        return tx.execute(known).first() is not None

    def claim_doubts(self, tx: Connection, limit: int, now: dt.datetime) -> list[Message]:
        """Take what must be asked about, for the length of a lease: sends without an end, and receipts that are
        overdue. Other senders skip what this transaction has locked."""
        t = messages
        due = select(t).where(t.c.state.in_(_AWAITED), t.c.due_at <= now).order_by(t.c.due_at).limit(limit)
        rows = tx.execute(due.with_for_update(skip_locked=True)).all()
        if rows:
            lease = {"due_at": now + LEASE, "changed_at": now}
            tx.execute(update(t).where(t.c.message_id.in_([row.message_id for row in rows])).values(**lease))
        return [_doubted(row) for row in rows]

    def take_queued(self, tx: Connection, limit: int, now: dt.datetime) -> list[Message]:
        """Lock what is due to be sent; `begin` makes it this sender's."""
        t, users = messages, wechat_users
        wish = (users.c.person_id == t.c.payer_id) & t.c.to_payer
        due = (
            select(t, users.c.openid).outerjoin(users, wish)
            .where(t.c.state == State.QUEUED.value, t.c.due_at <= now).order_by(t.c.due_at).limit(limit)
        )  # fmt: skip
        rows = tx.execute(due.with_for_update(skip_locked=True, of=t))
        return [_queued(row, now) for row in rows]

    def begin(self, tx: Connection, begun: Sequence[Message], now: dt.datetime) -> None:
        """Each message's next try begins, with the provider it names."""
        t = messages
        for provider in {message.provider for message in begun}:
            ids = [message.sms.message_id for message in begun if message.provider == provider]
            started = update(t).where(t.c.message_id.in_(ids)).values(
                state=State.SENDING.value, tries=t.c.tries + 1, provider=provider, tried_at=now, due_at=now + LEASE,
                changed_at=now,
            )  # fmt: skip
            tx.execute(started)

    def record(self, tx: Connection, message: Message, step: Step, now: dt.datetime) -> bool:
        """What became of a claimed message; False when a later claim has overtaken this one.

        That it was sent is true whoever says it; everything else counts only for the claim's own try.
        """
        t = messages
        mine = t.c.message_id == message.sms.message_id
        if message.awaited:
            # A report that it arrived counts until another send has begun.
            open_ = (State.SENT.value, State.QUEUED.value, State.UNDELIVERED.value)
            settled = step.state is State.DELIVERED
            allowed = t.c.state.in_(open_) if settled else t.c.state == State.SENT.value
            allowed &= t.c.tries == message.tries
        elif step.state.value in _ON_ITS_WAY:
            allowed = t.c.state.not_in(_ON_ITS_WAY)
        else:
            allowed = (t.c.state == State.SENDING.value) & (t.c.tries == message.tries)
        return bool(tx.execute(update(t).where(mine, allowed).values(**_after(message, step, now))).rowcount)

    def waiting(self, tx: Connection) -> dict[str, int]:
        """How many messages are in each state that somebody must still act on."""
        t = messages
        counted = (
            select(t.c.state, func.count().label("number")).where(t.c.state.in_(_WAITING)).group_by(t.c.state)
        )
        return dict.fromkeys(_WAITING, 0) | {row.state: row.number for row in tx.execute(counted)}

    def forget_messages(self, tx: Connection, before: dt.datetime, limit: int) -> int:
        """Delete the oldest reminders of before a moment, at most so many; returns how many. What is still to be sent
        stays."""
        t = messages
        over = t.c.created_at < before, t.c.state.not_in(_WAITING)
        oldest = select(t.c.message_id).where(*over).order_by(t.c.created_at).limit(limit)
        return int(tx.execute(delete(t).where(t.c.message_id.in_(oldest))).rowcount)

    def find_sent(self, tx: Connection, message_id: str, tries: int) -> Message | None:
        """A reminder whose latest try a receipt is about; None for a code, or once another try has begun."""
        t = messages
        found = select(t).where(t.c.message_id == message_id, t.c.tries == tries).with_for_update()
        row = tx.execute(found).first()
        return None if row is None or row.state == State.SENDING.value else _doubted(row, awaited=True)


def _after(message: Message, step: Step, now: dt.datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": step.state.value, "due_at": step.due_at, "reason": step.reason or None, "changed_at": now,
    }  # fmt: skip
    if step.serial:
        values["serial"] = step.serial
    if step.avoid:
        values["avoided"] = ",".join(dict.fromkeys((*message.avoided, message.provider)))
    elif step.state is State.QUEUED and message.avoided and not message.resends:
        values["avoided"] = ""  # all were tried: begin anew
    if step.resend:
        values["resends"] = message.resends + 1
    return values


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _doubted(row: Any, awaited: bool | None = None) -> Message:
    sent = row.state == State.SENT.value if awaited is None else awaited
    return Message(
        Sms(row.message_id, Kind(row.kind), row.phone, row.variables),
        tries=row.tries, created_at=row.created_at, tried_at=row.tried_at, doubtful=True, awaited=sent,
        provider=row.provider, avoided=_names(row.avoided), resends=row.resends,
    )  # fmt: skip


def _queued(row: Any, now: dt.datetime) -> Message:
    return Message(
        Sms(row.message_id, Kind(row.kind), row.phone, row.variables, row.openid or ""),
        tries=row.tries + 1, created_at=row.created_at, tried_at=now, doubtful=False,
        avoided=_names(row.avoided), resends=row.resends,
    )  # fmt: skip


def _row(message_id: str, reminder: Reminder, template_version: str, now: dt.datetime) -> dict[str, Any]:
    verdict = (
        {"state": State.UNDELIVERED.value, "due_at": None, "reason": _OVER_THE_CAP}
        if reminder.unwanted
        else {"state": State.QUEUED.value, "due_at": now, "reason": None}
    )
    return {
        "message_id": message_id, "event_id": reminder.about, "recipient": reminder.phone, "kind": reminder.kind.value,
        "phone": reminder.phone, "variables": dict(reminder.variables), "template_version": template_version,
        "segments": reminder.segments, "created_at": now, "changed_at": now, "payer_id": reminder.payer_id,
        "to_payer": reminder.to_payer, "tries": 0, **verdict,
    }  # fmt: skip
