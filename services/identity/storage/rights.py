"""The only code that queries persons for what they may ask about themselves (security.md 15)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal, select, update

from contract.people import Person
from contract.rights import Deletion
from kit.columns import Moment
from kit.seals import SealedRow
from services.identity.domain.rights import KnownPerson
from services.identity.models import BINDING_SEAL, MEMBER_SEAL, RELATION_SEAL, bindings, persons
from services.identity.storage.consents import Consents
from services.identity.storage.profiles import person_from

# Built once: every payment for another person passes here.
_THEIRS = ((BINDING_SEAL, "person_id"), (MEMBER_SEAL, "owner_id"), (RELATION_SEAL, "payer_id"))
_LOCK = select(persons).where(persons.c.person_id == bindparam("person_id")).with_for_update()


class AccountStorage:
    """Persons, their wish to be forgotten, and what it deletes."""

    def lock(self, tx: Connection, person_id: str) -> Person | None:
        """The person, theirs alone until the transaction ends."""
        row = tx.execute(_LOCK, {"person_id": person_id}).first()
        return None if row is None else person_from(row)

    def find(self, tx: Connection, person_id: str) -> KnownPerson | None:
        """The person as kept."""
        row = tx.execute(select(persons).where(persons.c.person_id == person_id)).first()
        if row is None:
            return None
        wish = Deletion(row.deletion_requested_at, row.deletion_due_at) if row.deletion_due_at else None
        return KnownPerson(person_from(row), row.phone, row.created_at, row.last_login_at, wish)

    def wechat_users(self, tx: Connection, person_id: str) -> int:
        """As how many WeChat users the person logged in."""
        counted = select(func.count()).select_from(bindings).where(bindings.c.person_id == person_id)
        return int(tx.execute(counted).scalar_one())

    def request_deletion(self, tx: Connection, person_id: str, wish: Deletion) -> Deletion | None:
        """Note a wish, unless there is one already; the one that stands, or None without such a person."""
        t = persons.c
        noted = update(persons).where(t.person_id == person_id).values(
            deletion_requested_at=func.coalesce(t.deletion_requested_at, _moment(wish.requested_at)),
            deletion_due_at=func.coalesce(t.deletion_due_at, _moment(wish.due_at)),
        )  # fmt: skip
        row = tx.execute(noted.returning(t.deletion_requested_at, t.deletion_due_at)).first()
        return None if row is None else Deletion(row.deletion_requested_at, row.deletion_due_at)

    def cancel_deletion(self, tx: Connection, person_id: str) -> bool:
        """Take the wish back; False without such a person."""
        cancelled = update(persons).where(persons.c.person_id == person_id)
        cancelled = cancelled.values(deletion_requested_at=None, deletion_due_at=None)
        return bool(tx.execute(cancelled).rowcount == 1)

    def erase_due(self, tx: Connection, now: dt.datetime, limit: int) -> Mapping[str, Sequence[SealedRow]]:
        """Delete persons whose time has come, and everything kept for them; returns, by their ids, the sealed rows that
        went, for the journal.

        A consent stays as proof that there was one, but says no longer whom it was about, and stands no longer.
        Rows another replica has locked are left to it.
        """
        due = select(persons.c.person_id).where(persons.c.deletion_due_at <= now)
        locked = due.order_by(persons.c.deletion_due_at).limit(limit).with_for_update(skip_locked=True)
        gone: dict[str, list[SealedRow]] = {person_id: [] for person_id in tx.execute(locked).scalars()}
        if gone:
            Consents().forget(tx, list(gone), now)
            for seal, owner in _THEIRS:
                column = seal.table.c[owner]
                for row in tx.execute(
                    seal.select().add_columns(column.label("of")).where(column.in_(list(gone)))
                ):
                    gone[row.of].append(seal.removed(row._mapping))
                tx.execute(delete(seal.table).where(column.in_(list(gone))))
            tx.execute(delete(persons).where(persons.c.person_id.in_(list(gone))))
        return gone


def _moment(at: dt.datetime) -> ColumnElement[dt.datetime]:
    """A time beside a column: a plain value would lose its zone on SQLite."""
    return literal(at, Moment)
