"""The only code that queries voidings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from contract import schema
from contract.declarations import VoidingState
from contract.people import Person
from contract.records import AskedAs
from kit.database import insert_or_ignore
from services.contribution.domain.voidings import SentVoid
from services.contribution.models import voidings

_OPEN = VoidingState.CONFIRMING.value


class Voidings:
    """One row per declaration; another person's is not found."""

    def find(self, tx: Connection, person: Person, record_id: str) -> SentVoid | None:
        row = tx.execute(
            select(voidings).where(voidings.c.record_id == record_id, voidings.c.person_index == _key(person))
        ).one_or_none()
        return None if row is None else _sent(row)

    def confirming(self, tx: Connection, person: Person) -> frozenset[str]:
        """The person's declarations of whose void nobody knows yet."""
        mine = (voidings.c.person_index == _key(person)) & (voidings.c.state == _OPEN)
        return frozenset(tx.execute(select(voidings.c.record_id).where(mine)).scalars())

    def send(self, tx: Connection, sent: SentVoid, next_look_at: dt.datetime) -> bool:
        """Write down that it is being sent; False while one for the same declaration is under way."""
        values = {
            "person_index": _key(sent.person), "person": schema.dump(sent.person), "asker_id": sent.asker_id,
            "asked_as": sent.asked_as.value, "state": sent.state.value, "reason": sent.reason,
            "sent_at": sent.sent_at, "looks": sent.looks, "next_look_at": next_look_at,
        }  # fmt: skip
        if insert_or_ignore(tx, voidings, record_id=sent.record_id, **values):
            return True
        again = (voidings.c.record_id == sent.record_id) & (voidings.c.state != _OPEN)
        return tx.execute(update(voidings).where(again).values(values)).rowcount == 1

    def settle(self, tx: Connection, record_id: str, state: VoidingState, reason: str) -> bool:
        """The core's word; the first one stands. False when it was settled before."""
        open_ = (voidings.c.record_id == record_id) & (voidings.c.state == _OPEN)
        settled = update(voidings).where(open_)
        return tx.execute(settled.values(state=state.value, reason=reason, next_look_at=None)).rowcount == 1

    def claim_due(self, tx: Connection, now: dt.datetime, limit: int) -> Sequence[SentVoid]:
        """Those nobody knows about and that are due, pushed to their next look so that no other replica takes them."""
        due = (
            select(voidings)
            .where(voidings.c.next_look_at <= now)
            .order_by(voidings.c.next_look_at)
            .limit(limit)
        )
        found = [_sent(row) for row in tx.execute(due.with_for_update(skip_locked=True))]
        for sent in found:
            later = {"looks": sent.looks + 1, "next_look_at": sent.next_look(now)}
            tx.execute(update(voidings).where(voidings.c.record_id == sent.record_id).values(later))
        return found


def _key(person: Person) -> str:
    return f"{person.document_type.value}|{person.document_number}"


def _sent(row: Row[Any]) -> SentVoid:
    return SentVoid(
        row.record_id, schema.load(Person, row.person), row.asker_id, AskedAs(row.asked_as), VoidingState(row.state),
        row.reason, row.sent_at, row.looks,
    )  # fmt: skip
