"""The only code that queries persons and bindings for logins (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from contract.people import Person
from kit.seals import SealedRow
from services.identity.domain.logins import KnownPayer, LastLogin
from services.identity.models import BINDING_SEAL, bindings, persons
from services.identity.storage.profiles import identity_of, index_of, person_from

# Built once: everybody who comes through the menu passes here.
_LOGINS = (
    select(persons, bindings.c.logged_in_at, bindings.c.ended, bindings.c.seal)
    .join(bindings, bindings.c.person_id == persons.c.person_id)
    .where(bindings.c.openid == bindparam("openid"))
    .order_by(bindings.c.logged_in_at.desc(), bindings.c.person_id)
)
_ID = select(persons.c.person_id).where(persons.c.identity == bindparam("identity"))

_log = logging.getLogger(__name__)


class LoginStorage:
    """Persons and the WeChat users they logged in as.

    A person's row is locked before any of their bindings: logins of one person queue up.
    """

    def last_login(self, tx: Connection, openid: str) -> LastLogin | None:
        """The newest login of a WeChat user, whose person still exists. A login that somebody else wrote into the table
        lets nobody in without a code, and names nobody."""
        of = index_of(bindings.c.openid, openid)
        for row in tx.execute(_LOGINS, {"openid": of}):
            if BINDING_SEAL.holds({**row._mapping, "openid": of}):
                payer = KnownPayer(row.person_id, person_from(row), row.phone, row.phone_version)
                return LastLogin(payer, row.logged_in_at, row.ended)
            if row.seal is not None:
                _log.error(
                    "a login was changed behind the application's back", extra={"person": row.person_id}
                )
        return None

    def id_of(self, tx: Connection, person: Person) -> str | None:
        """The id of a person, if they ever logged in."""
        found: str | None = tx.execute(_ID, {"identity": identity_of(person)}).scalar_one_or_none()
        return found

    def enter(
        self, tx: Connection, person_id: str, person: Person, phone: str, now: dt.datetime
    ) -> tuple[KnownPayer, bool]:
        """The person, who from now on has this phone, and whether they had another before. `person_id` is theirs if
        they are new."""
        t = persons.c
        insert = _insert(tx, persons).values(
            person_id=person_id, identity=identity_of(person), document_type=person.document_type.value,
            document_number=person.document_number, name=person.name, phone=phone, phone_index=phone,
            phone_version=1, created_at=now, last_login_at=now,
        )  # fmt: skip
        upsert = insert.on_conflict_do_update(index_elements=[t.identity], set_={"last_login_at": now})
        row = tx.execute(upsert.returning(t.person_id, t.phone, t.phone_version)).one()
        if row.phone == phone:
            return KnownPayer(row.person_id, person, phone, row.phone_version), False
        version = row.phone_version + 1
        moved = update(persons).where(t.person_id == row.person_id)
        tx.execute(moved.values(phone=phone, phone_index=phone, phone_version=version))
        return KnownPayer(row.person_id, person, phone, version), True

    def bind(self, tx: Connection, openid: str, person_id: str, now: dt.datetime) -> SealedRow:
        """The person logged in as this WeChat user; the row, for the journal."""
        t = bindings.c
        row = BINDING_SEAL.onto({
            "openid": index_of(t.openid, openid), "person_id": person_id, "logged_in_at": now, "ended": False,
        })  # fmt: skip
        again = {name: row[name] for name in ("logged_in_at", "ended", "seal")}
        insert = _insert(tx, bindings).values(**row)
        tx.execute(insert.on_conflict_do_update(index_elements=[t.openid, t.person_id], set_=again))
        return BINDING_SEAL.written(row)

    def end(self, tx: Connection, openid: str, person_id: str) -> Sequence[SealedRow]:
        """The person's login as this WeChat user is over; the row, for the journal."""
        return self._end(tx, person_id, bindings.c.openid == openid)

    def end_others(self, tx: Connection, openid: str, person_id: str) -> Sequence[SealedRow]:
        """The person's logins as all other WeChat users are over."""
        return self._end(tx, person_id, bindings.c.openid != openid)

    def _end(self, tx: Connection, person_id: str, which: ColumnElement[bool]) -> Sequence[SealedRow]:
        t, written = bindings.c, []
        theirs = BINDING_SEAL.select().where(which, t.person_id == person_id, ~t.ended)
        for row in tx.execute(theirs.with_for_update()).mappings().all():
            values, told = BINDING_SEAL.renewed(row, ended=True)
            same = (t.openid == row["openid"], t.person_id == person_id)
            tx.execute(update(bindings).where(*same).values(values))
            written += told
        return written


def _insert(tx: Connection, table: Any) -> Any:
    return (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table)
