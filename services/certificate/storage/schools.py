"""The only code that queries schools and their lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, select, type_coerce, update

from contract.audit import Act, Action, staff
from contract.people import Person
from contract.register import AuthorisedSchool
from contract.schools import School
from kit.audit import JOURNAL
from kit.crypto import blind_index
from kit.database import insert_or_ignore
from services.certificate.models import SCHOOL_SEAL, batches, schools
from services.certificate.storage.register import person_key

MOST_LISTED = 50
MOST_AUTHORISED = 200


class SchoolStorage:
    """Who may ask for whose certificates, and the lists that were handed in."""

    def authorise(
        self,
        tx: Connection,
        school: School,
        operator: Person,
        by: str,
        now: dt.datetime,
        pooling_code: str = "",
    ) -> None:
        """A new authorisation, of a pooling level; empty: the province's."""
        row = SCHOOL_SEAL.onto({
            "school_id": school.school_id, "name": school.name, "authorised_by": by, "authorised_at": now,
            "operator_index": blind_index("schools.operator", person_key(operator)), "pooling_code": pooling_code,
        })  # fmt: skip
        tx.execute(schools.insert(), row)
        _journal(tx, Action.SCHOOL_AUTHORISED, by, row, now)

    def authorised(self, tx: Connection, reach: str) -> Sequence[AuthorisedSchool]:
        """The authorisations of pooling levels whose codes begin so, newest first."""
        t = schools.c
        ours = select(schools).where(t.pooling_code.startswith(reach, autoescape=True))
        rows = tx.execute(ours.order_by(t.authorised_at.desc(), t.school_id).limit(MOST_AUTHORISED))
        return [_authorised(row) for row in rows]

    def authorisation(self, tx: Connection, school_id: str, reach: str) -> AuthorisedSchool | None:
        """One of them."""
        t = schools.c
        one = select(schools).where(
            t.school_id == school_id, t.pooling_code.startswith(reach, autoescape=True)
        )
        row = tx.execute(one).first()
        return None if row is None else _authorised(row)

    def end(self, tx: Connection, school_id: str, by: str, now: dt.datetime) -> bool:
        """Take an authorisation back; False when there is none."""
        t = schools.c
        index = type_coerce(t.operator_index, LargeBinary).label("operator_index")
        known = select(*(column for column in t if column.name != "operator_index"), index)
        standing = known.where(t.school_id == school_id, t.ended_at.is_(None)).with_for_update()
        found = tx.execute(standing).mappings().first()
        if found is None:
            return False
        row = SCHOOL_SEAL.onto({**found, "operator_index": bytes(found["operator_index"]), "ended_at": now})
        tx.execute(update(schools).where(t.school_id == school_id).values(ended_at=now, seal=row["seal"]))
        _journal(tx, Action.SCHOOL_ENDED, by, row, now)
        return True

    def of_operator(self, tx: Connection, person: Person) -> Sequence[School]:
        t = schools.c
        mine = select(t.school_id, t.name).where(t.operator_index == person_key(person), t.ended_at.is_(None))
        return [School(row.school_id, row.name) for row in tx.execute(mine.order_by(t.name))]

    def name(self, tx: Connection, school_id: str) -> str | None:
        """None where the authorisation has ended."""
        t = schools.c
        found: str | None = tx.execute(
            select(t.name).where(t.school_id == school_id, t.ended_at.is_(None))
        ).scalar()
        return found

    def add_batch(self, tx: Connection, **values: Any) -> bool:
        """False when the same list and period was handed in before."""
        return insert_or_ignore(tx, batches, **values)

    def same_batch(
        self, tx: Connection, school_id: str, roll_hash: bytes, period: tuple[str, str]
    ) -> Any | None:
        t = batches.c
        same = (t.school_id == school_id, t.roll_hash == roll_hash)
        return tx.execute(
            select(batches).where(*same, t.period_from == period[0], t.period_to == period[1])
        ).first()

    def batch(self, tx: Connection, batch_id: str) -> Any | None:
        return tx.execute(select(batches).where(batches.c.batch_id == batch_id)).first()

    def batches_of(self, tx: Connection, school_ids: Sequence[str]) -> Sequence[Any]:
        mine = select(batches).where(batches.c.school_id.in_(school_ids))
        return tx.execute(mine.order_by(batches.c.asked_at.desc()).limit(MOST_LISTED)).all()


def _authorised(row: Any) -> AuthorisedSchool:
    return AuthorisedSchool(row.school_id, row.name, row.authorised_by, row.authorised_at, row.ended_at)


def _journal(tx: Connection, action: Action, by: str, row: dict[str, Any], now: dt.datetime) -> None:
    JOURNAL.add(tx, Act(staff(by), action, f"school:{row['school_id']}"), now, [SCHOOL_SEAL.written(row)])
