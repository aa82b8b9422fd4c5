"""The only code that queries relations (requirement 3.2.1.8)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from contract.audit import Act, Action, resident
from kit.audit import JOURNAL
from services.identity.domain.household import Profile, Relation
from services.identity.models import RELATION_SEAL, relations
from services.identity.storage.profiles import columns_of, profile_from

# Built once: every payment for another person passes here.
_MINE = relations.c.payer_id == bindparam("payer_id")
_ALL = select(relations).where(_MINE)
_ONE = select(relations).where(_MINE, relations.c.relation_id == bindparam("relation_id"))


class RelationStorage:
    """Relations by payer: no method but `mark_paid` finds another payer's."""

    def name(self, tx: Connection, payer_id: str, profile: Profile, now: dt.datetime) -> Relation:
        """The relation of this payer to this document, made or brought up to date.

        One statement, so that naming somebody twice at the same time makes one row; what its seal is over stays as it
        is then. An empty phone or place keeps what is there. It is journalled once it counts.
        """
        t = relations
        build = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert
        insert = build(t).values(RELATION_SEAL.onto({
            "relation_id": str(uuid.uuid4()), "payer_id": payer_id, "named_at": now, **columns_of(profile, t),
        }))  # fmt: skip
        new = insert.excluded
        upsert = insert.on_conflict_do_update(
            index_elements=[t.c.payer_id, t.c.document],
            set_={
                "name": new.name,
                "phone": func.coalesce(new.phone, t.c.phone),
                "place": func.coalesce(new.place, t.c.place),
                "named_at": new.named_at,
            },
        )
        return _relation(tx.execute(upsert.returning(*t.c)).one())

    def find(self, tx: Connection, payer_id: str, relation_id: str) -> Relation | None:
        """A relation of this payer."""
        row = tx.execute(_ONE, {"payer_id": payer_id, "relation_id": relation_id}).first()
        return None if row is None else _relation(row)

    def all_of(self, tx: Connection, payer_id: str) -> Sequence[Relation]:
        """All relations of this payer, paid or only named."""
        return [_relation(row) for row in tx.execute(_ALL, {"payer_id": payer_id})]

    def mark_paid(self, tx: Connection, relation_id: str, paid_at: dt.datetime, now: dt.datetime) -> None:
        """Note a payment, unless a newer one is noted. A relation that is gone stays gone."""
        t = relations.c
        older = or_(t.paid_at.is_(None), t.paid_at < paid_at)
        one = RELATION_SEAL.select().where(t.relation_id == relation_id, older)
        found = tx.execute(one.with_for_update()).first()
        if found is None:
            return
        row = RELATION_SEAL.opened(found)
        values, written = RELATION_SEAL.renewed(row, paid_at=paid_at)
        tx.execute(update(relations).where(t.relation_id == relation_id).values(values))
        if written:
            act = Act(resident(row["payer_id"]), Action.RELATION_CHANGED, f"relation:{relation_id}")
            JOURNAL.add(tx, act, now, written)

    def remove(self, tx: Connection, payer_id: str, relation_id: str, now: dt.datetime) -> None:
        """Delete a relation of this payer."""
        t = relations.c
        this = (t.payer_id == payer_id, t.relation_id == relation_id)
        if tx.execute(delete(relations).where(*this)).rowcount:
            gone = RELATION_SEAL.removed({"relation_id": relation_id})
            act = Act(resident(payer_id), Action.RELATION_CHANGED, f"relation:{relation_id}")
            JOURNAL.add(tx, act, now, [gone])

    def forget_unpaid(self, tx: Connection, before: dt.datetime) -> None:
        """Delete relations never paid and last named before a moment."""
        t = relations.c
        tx.execute(delete(relations).where(t.named_at < before, t.paid_at.is_(None)))


def _relation(row: Any) -> Relation:
    return Relation(row.relation_id, profile_from(row), row.paid_at)
