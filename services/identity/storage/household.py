"""The only code that queries household members (requirement 3.2.1.14)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from contract.audit import Act, Action, resident
from contract.household import Kinship
from kit.audit import JOURNAL
from kit.database import insert_or_ignore
from kit.seals import SealedRow
from services.identity.domain.household import HouseholdMember
from services.identity.models import MEMBER_SEAL, members
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
        row = _sealed(owner_id, member)
        if not insert_or_ignore(tx, members, **row):
            return False
        _journal(tx, row, MEMBER_SEAL.written(row), member.added_at)
        return True

    def change(self, tx: Connection, owner_id: str, member: HouseholdMember, now: dt.datetime) -> bool:
        """Replace a member's data; False when another member has this document. The owner is locked."""
        t, row = members.c, _sealed(owner_id, member)
        other = (t.owner_id == owner_id, t.document == row["document"], t.member_id != member.member_id)
        if tx.execute(select(t.member_id).where(*other)).first() is not None:
            return False
        this = (t.owner_id == owner_id, t.member_id == member.member_id)
        tx.execute(update(members).where(*this).values(row))
        _journal(tx, row, MEMBER_SEAL.written(row), now)
        return True

    def remove(self, tx: Connection, owner_id: str, member_id: str, now: dt.datetime) -> bool:
        """Delete a member; False when the owner has no such one."""
        this = (members.c.owner_id == owner_id, members.c.member_id == member_id)
        if tx.execute(delete(members).where(*this)).rowcount != 1:
            return False
        row = {"member_id": member_id, "owner_id": owner_id}
        _journal(tx, row, MEMBER_SEAL.removed(row), now)
        return True

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


def _sealed(owner_id: str, member: HouseholdMember) -> dict[str, Any]:
    return MEMBER_SEAL.onto({
        "member_id": member.member_id, "owner_id": owner_id, "kinship": member.kinship.value,
        "added_at": member.added_at, **columns_of(member.profile, members),
    })  # fmt: skip


def _journal(tx: Connection, row: dict[str, Any], written: SealedRow, now: dt.datetime) -> None:
    act = Act(resident(row["owner_id"]), Action.RELATION_CHANGED, f"member:{row['member_id']}")
    JOURNAL.add(tx, act, now, [written])


def _member(row: Any) -> HouseholdMember:
    return HouseholdMember(row.member_id, profile_from(row), Kinship(row.kinship), row.added_at)
