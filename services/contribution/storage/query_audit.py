"""The only code that queries and fills the audit of questions about people."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, func, select

from contract import schema
from contract.people import Person
from contract.records import AskedAs
from services.contribution.domain.queries import Query
from services.contribution.models import query_audit


class QueryAudit:
    """Rows are only ever added (the database refuses anything else); the person is encrypted and blind-indexed."""

    def add(self, tx: Connection, query: Query, outcome: str, now: dt.datetime) -> None:
        """One more row of a query."""
        tx.execute(
            query_audit.insert(),
            {"query_id": query.query_id, "at": now, "act": query.act, "asker_id": query.asker_id,
             "asked_as": query.asked_as.value, "person_index": _key(query.person),
             "person": schema.dump(query.person), "outcome": outcome},
        )  # fmt: skip

    def typed_before(self, tx: Connection, asker_id: str, person: Person, since: dt.datetime) -> int:
        """How many other people the asker typed since then, before they first typed this one."""
        t = query_audit.c
        typed = (t.asker_id == asker_id) & (t.asked_as == AskedAs.TYPED.value) & (t.at >= since)
        same = t.person_index == _key(person)
        first = select(func.min(t.id)).where(typed, same).scalar_subquery()
        others = select(func.count(t.person_index.distinct())).where(typed, ~same)
        before = others.where(func.coalesce(t.id < first, True))
        return int(tx.execute(before).scalar_one())


def _key(person: Person) -> str:
    return f"{person.document_type.value}|{person.document_number}|{person.name}"
