"""The only code that queries and fills the audit of questions about people."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, func, select

from contract import schema
from contract.audit import Act, Action, resident
from contract.people import Person
from contract.records import AskedAs
from kit.audit import JOURNAL
from services.contribution.domain.queries import Query
from services.contribution.models import query_audit


class QueryAudit:
    """Rows are only ever added, until they are old (the database refuses anything else); the person is encrypted and
    blind-indexed."""

    def add(self, tx: Connection, query: Query, outcome: str, now: dt.datetime) -> None:
        """One more row of a query."""
        tx.execute(
            query_audit.insert(),
            {"query_id": query.query_id, "at": now, "act": query.act, "asker_id": query.asker_id,
             "asked_as": query.asked_as.value, "person_index": _key(query.person),
             "person": schema.dump(query.person), "outcome": outcome},
        )  # fmt: skip
        told = {"question": query.act, "asked_as": query.asked_as.value}
        JOURNAL.add(
            tx,
            Act(resident(query.asker_id), _action(query), f"query:{query.query_id}", outcome, detail=told),
            now,
        )

    def typed_before(self, tx: Connection, asker_id: str, person: Person, since: dt.datetime) -> int:
        """How many other people the asker typed since then, before they first typed this one."""
        t = query_audit.c
        typed = (t.asker_id == asker_id) & (t.asked_as == AskedAs.TYPED.value) & (t.at >= since)
        same = t.person_index == _key(person)
        first = select(func.min(t.id)).where(typed, same).scalar_subquery()
        others = select(func.count(t.person_index.distinct())).where(typed, ~same)
        before = others.where(func.coalesce(t.id < first, True))
        return int(tx.execute(before).scalar_one())

    def forget(self, tx: Connection, before: dt.datetime, limit: int) -> int:
        """Forget the oldest rows, of before a moment, at most so many; returns how many."""
        t = query_audit.c
        oldest = tx.execute(select(t.id, t.at).order_by(t.id).limit(limit)).all()
        old = [row.id for row in oldest if row.at < before]
        if old:
            tx.execute(delete(query_audit).where(t.id.in_(old)))
        return len(old)


def _action(query: Query) -> Action:
    if query.act.startswith("void"):
        return Action.DECLARATION_VOIDED
    return Action.OWN_QUERIED if query.asked_as is AskedAs.OWN else Action.PERSON_QUERIED


def _key(person: Person) -> str:
    return f"{person.document_type.value}|{person.document_number}|{person.name}"
