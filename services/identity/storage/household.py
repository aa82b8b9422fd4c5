"""The only code that queries household members (requirement 3.2.1.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from contract.household import Kinship
from kit.database import insert_or_ignore
from services.identity.domain.household import HouseholdMember
from services.identity.models import members
from services.identity.storage.profiles import columns_of, profile_from

# Built once: every payment for another person passes here.
_MINE = members.c.owner_id == bindparam("owner_id")
_THIS = members.c.member_id == bindparam("member_id")
_ALL = select(members).where(_MINE).order_by(members.c.added_at, members.c.member_id)
_ONE = select(members).where(_MINE, _THIS)


class MemberStorage:
    """Members by owner: no method finds another owner's."""

    def add(self, tx: Connection, owner_id: str, member: HouseholdMember) -> bool:
        """Keep a member; False when the owner has somebody with this document."""
        return insert_or_ignore(
            tx, members, member_id=member.member_id, owner_id=owner_id, kinship=member.kinship.value,
            added_at=member.added_at, **columns_of(member.profile),
        )  # fmt: skip

    def change(self, tx: Connection, owner_id: str, member: HouseholdMember) -> bool:
        """Replace a member's data; False when another member has this document. The owner is locked."""
        t, values = members.c, columns_of(member.profile)
        other = (t.owner_id == owner_id, t.document == values["document"], t.member_id != member.member_id)
        if tx.execute(select(t.member_id).where(*other)).first() is not None:
            return False
        this = (t.owner_id == owner_id, t.member_id == member.member_id)
        tx.execute(update(members).where(*this).values(kinship=member.kinship.value, **values))
        return True

    def remove(self, tx: Connection, owner_id: str, member_id: str) -> bool:
        """Delete a member; False when the owner has no such one."""
        this = (members.c.owner_id == owner_id, members.c.member_id == member_id)
        return bool(tx.execute(delete(members).where(*this)).rowcount == 1)

    def find(self, tx: Connection, owner_id: str, member_id: str) -> HouseholdMember | None:
        """A member of this owner."""
        row = tx.execute(_ONE, {"owner_id": owner_id, "member_id": member_id}).first()
        return None if row is None else _member(row)

    def all_of(self, tx: Connection, owner_id: str) -> Sequence[HouseholdMember]:
        """All members of this owner, in the order they were added."""
        return [_member(row) for row in tx.execute(_ALL, {"owner_id": owner_id})]

    def count(self, tx: Connection, owner_id: str) -> int:
        """How many members this owner has."""
        counted = select(func.count()).select_from(members).where(members.c.owner_id == owner_id)
        return int(tx.execute(counted).scalar_one())


def _member(row: Any) -> HouseholdMember:
    return HouseholdMember(row.member_id, profile_from(row), Kinship(row.kinship), row.added_at)
