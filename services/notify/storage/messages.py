"""Reminders on their way."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, literal, null, select, true, update
from sqlalchemy.sql.dml import ReturningInsert

from kit.database import insert_ignoring
from services.notify.domain.messages import LEASE, Message, Sms, State, Step
from services.notify.models import messages, wechat_users
from services.notify.templates import Kind

_WAITING = (State.QUEUED.value, State.SENDING.value)
_AWAITED = (State.SENDING.value, State.SENT.value)
_ON_ITS_WAY = (State.SENT.value, State.DELIVERED.value)

_GIVEN = ("message_id", "event_id", "recipient", "kind", "phone", "variables", "template_version", "segments",
          "created_at", "payer_id", "to_payer")  # fmt: skip
_SAME = {"tries": 0, "provider": "", "avoided": "", "resends": 0}
_OVER_THE_CAP = "over the phone's daily cap"


class MessageRows:
    """The `messages` table."""

    def add(
        self, tx: Connection, event_id: str, kind: Kind, phone: str, variables: Mapping[str, str],
        template_version: str, segments: int, now: dt.datetime, *, since: dt.datetime, cap: int,
        payer_id: str | None = None, to_payer: bool = False,
    ) -> State | None:  # fmt: skip
        """Queue a reminder; None when this event already has one of this kind for this phone. One more than `cap` since
        a moment is only kept, to be seen, and not sent: UNDELIVERED."""
        values = {
            "message_id": str(uuid.uuid4()), "event_id": event_id, "recipient": phone, "kind": kind.value,
            "phone": phone, "variables": dict(variables), "template_version": template_version, "segments": segments,
            "created_at": now, "payer_id": payer_id, "to_payer": to_payer, "since": since, "cap": cap,
        }  # fmt: skip
        state = tx.execute(_add(tx.dialect.name), values).scalar()
        return None if state is None else State(state)

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


@functools.cache
def _add(dialect: str) -> ReturningInsert[Any]:
    """One statement that counts what the phone was given, no further than the cap (who pays for a village gets very
    many), and inserts. Built once: every payment passes here, and building a statement costs more than executing it."""
    t = messages
    since = (t.c.recipient == bindparam("recipient"), t.c.created_at >= bindparam("since"))
    counted = select(t.c.message_id).where(*since).limit(bindparam("cap")).subquery()
    had = select(func.count().label("number")).select_from(counted).subquery()
    over = had.c.number >= bindparam("cap")
    given = {name: bindparam(name, type_=t.c[name].type) for name in _GIVEN}
    now = given["created_at"]
    verdict = {
        "state": case((over, State.UNDELIVERED.value), else_=State.QUEUED.value),
        "due_at": case((over, null()), else_=now), "reason": case((over, _OVER_THE_CAP), else_=null()),
        "changed_at": now,
    }  # fmt: skip
    row = {**given, **verdict, **{name: literal(value) for name, value in _SAME.items()}}
    # SQLite takes ON CONFLICT after a SELECT only behind a WHERE.
    decided = select(*row.values()).select_from(had).where(true())
    return insert_ignoring(t, dialect).from_select(list(row), decided).returning(t.c.state)
