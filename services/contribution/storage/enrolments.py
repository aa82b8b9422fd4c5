"""The last enrolment the upstream told of each person, for when it does not answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy import Connection, Insert, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from contract import schema
from contract.contribution import Enrolment
from contract.people import Person
from services.contribution.models import kept_enrolments as kept


class KeptEnrolments:
    """One row per person, found by type, number and name together, as the upstream knows a person."""

    def keep(self, tx: Connection, person: Person, enrolment: Enrolment, now: dt.datetime) -> None:
        """In place of what was kept before."""
        statement = _PUT[tx.dialect.name]
        tx.execute(statement, {"who": _key(person), "told": schema.dump(enrolment), "now": now})

    def find(self, tx: Connection, person: Person, told_since: dt.datetime) -> Enrolment | None:
        """What the upstream last said of a person, with the time it said so; None where that is too long ago."""
        row = tx.execute(_FIND, {"who": _key(person), "since": told_since}).one_or_none()
        return replace(schema.load(Enrolment, row.enrolment), as_of=row.as_of) if row else None

    def drop(self, tx: Connection, person: Person) -> None:
        """The upstream says otherwise by now."""
        tx.execute(_DROP, {"who": _key(person)})

    def prune(self, tx: Connection, told_before: dt.datetime) -> int:
        """Forget what is too old to be shown; returns how many."""
        return tx.execute(_PRUNE, {"before": told_before}).rowcount


def _key(person: Person) -> str:
    return f"{person.document_type.value}|{person.document_number}|{person.name}"


def _upsert(dialect: str) -> Insert:
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    insert = build(kept).values(
        person_index=bindparam("who"), enrolment=bindparam("told"), as_of=bindparam("now")
    )
    newer = {"enrolment": insert.excluded.enrolment, "as_of": insert.excluded.as_of}
    return insert.on_conflict_do_update(index_elements=[kept.c.person_index], set_=newer)


_PUT = {dialect: _upsert(dialect) for dialect in ("postgresql", "sqlite")}
_SAME = kept.c.person_index == bindparam("who")
_FIND = select(kept.c.enrolment, kept.c.as_of).where(_SAME, kept.c.as_of >= bindparam("since"))
_DROP = delete(kept).where(_SAME)
_PRUNE = delete(kept).where(kept.c.as_of < bindparam("before"))
