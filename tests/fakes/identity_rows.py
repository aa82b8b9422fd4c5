"""Persons, members, relations and consents as dictionaries, with transactions that roll back."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.events import EventData
from contract.people import Person
from contract.rights import ConsentGiven, ConsentKind, Deletion
from kit.clock import Clock
from kit.seals import SealedRow
from services.identity.divisions import Gazetteer
from services.identity.domain.household import HouseholdMember, Profile, Relation, same_document
from services.identity.domain.rights import KnownPerson
from services.identity.usecases.wiring import Wiring
from tests.fakes.audit import FakeJournal


@dataclass
class FakeRows:
    """All rows, and which persons the open transaction has locked."""

    persons: dict[str, KnownPerson] = field(default_factory=dict)
    bindings: list[tuple[str, str]] = field(default_factory=list)
    members: dict[str, tuple[str, HouseholdMember]] = field(default_factory=dict)
    relations: dict[str, tuple[str, Relation, dt.datetime]] = field(default_factory=dict)
    consents: list[tuple[str, str | None, ConsentGiven]] = field(default_factory=list)
    events: list[tuple[EventData, str]] = field(default_factory=list)
    locked: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        before = copy.deepcopy(self.__dict__)
        try:
            yield None
        except BaseException:
            self.__dict__.update(before)
            raise
        self.locked.clear()

    def read(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str:
        """As an outbox."""
        self.events.append((event, aggregate))
        return str(len(self.events))


@dataclass
class FakeAccounts:
    rows: FakeRows

    def lock(self, tx: Any, person_id: str) -> Person | None:
        self.rows.locked.add(person_id)
        known = self.rows.persons.get(person_id)
        return known.person if known else None

    def find(self, tx: Any, person_id: str) -> KnownPerson | None:
        return self.rows.persons.get(person_id)

    def wechat_users(self, tx: Any, person_id: str) -> int:
        return sum(of == person_id for _, of in self.rows.bindings)

    def request_deletion(self, tx: Any, person_id: str, wish: Deletion) -> Deletion | None:
        known = self.rows.persons.get(person_id)
        if known is None:
            return None
        self.rows.persons[person_id] = replace(known, deletion=known.deletion or wish)
        return self.rows.persons[person_id].deletion

    def cancel_deletion(self, tx: Any, person_id: str) -> bool:
        known = self.rows.persons.get(person_id)
        if known is None:
            return False
        self.rows.persons[person_id] = replace(known, deletion=None)
        return True

    def erase_due(self, tx: Any, now: dt.datetime, limit: int) -> Mapping[str, Sequence[SealedRow]]:
        r = self.rows
        due = [key for key, known in r.persons.items() if known.deletion and known.deletion.due_at <= now]
        for gone in due[:limit]:
            del r.persons[gone]
            r.bindings = [(openid, of) for openid, of in r.bindings if of != gone]
            r.members = {key: row for key, row in r.members.items() if row[0] != gone}
            r.relations = {key: row for key, row in r.relations.items() if row[0] != gone}
            r.consents = [
                (of, None, replace(given, about="", withdrawn_at=given.withdrawn_at or now))
                if of == gone else (of, member_id, given)
                for of, member_id, given in r.consents
            ]  # fmt: skip
        return dict.fromkeys(due[:limit], ())


@dataclass
class FakeMembers:
    rows: FakeRows

    def add(self, tx: Any, owner_id: str, member: HouseholdMember) -> bool:
        assert owner_id in self.rows.locked, "members added at the same time queue up at their owner"
        if self._twin(owner_id, member):
            return False
        self.rows.members[member.member_id] = owner_id, member
        return True

    def change(self, tx: Any, owner_id: str, member: HouseholdMember, now: dt.datetime) -> bool:
        assert owner_id in self.rows.locked and self.find(tx, owner_id, member.member_id)
        if self._twin(owner_id, member):
            return False
        self.rows.members[member.member_id] = owner_id, member
        return True

    def remove(self, tx: Any, owner_id: str, member_id: str, now: dt.datetime) -> bool:
        if self.find(tx, owner_id, member_id) is None:
            return False
        del self.rows.members[member_id]
        return True

    def find(self, tx: Any, owner_id: str, member_id: str) -> HouseholdMember | None:
        owner, member = self.rows.members.get(member_id, (None, None))
        return member if owner == owner_id else None

    def all_of(self, tx: Any, owner_id: str) -> Sequence[HouseholdMember]:
        mine = [member for owner, member in self.rows.members.values() if owner == owner_id]
        return sorted(mine, key=lambda member: member.added_at)

    def count(self, tx: Any, owner_id: str) -> int:
        return len(self.all_of(tx, owner_id))

    def _twin(self, owner_id: str, member: HouseholdMember) -> bool:
        return any(
            same_document(other.profile.person, member.profile.person) and other.member_id != member.member_id
            for other in self.all_of(None, owner_id)
        )


@dataclass
class FakeRelations:
    rows: FakeRows
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def name(self, tx: Any, payer_id: str, profile: Profile, now: dt.datetime) -> Relation:
        for payer, old, _ in self.rows.relations.values():
            if payer == payer_id and same_document(old.profile.person, profile.person):
                newest = Profile(
                    profile.person, profile.phone or old.profile.phone, profile.place or old.profile.place
                )
                return self._keep(payer_id, replace(old, profile=newest), now)
        return self._keep(payer_id, Relation(f"relation-{next(self._ids)}", profile, None), now)

    def find(self, tx: Any, payer_id: str, relation_id: str) -> Relation | None:
        payer, relation, _ = self.rows.relations.get(relation_id, (None, None, None))
        return relation if payer == payer_id else None

    def all_of(self, tx: Any, payer_id: str) -> Sequence[Relation]:
        return [relation for payer, relation, _ in self.rows.relations.values() if payer == payer_id]

    def mark_paid(self, tx: Any, relation_id: str, paid_at: dt.datetime, now: dt.datetime) -> None:
        if relation_id in self.rows.relations:
            payer, relation, named_at = self.rows.relations[relation_id]
            newest = max(paid_at, relation.paid_at or paid_at)
            self.rows.relations[relation_id] = payer, replace(relation, paid_at=newest), named_at

    def remove(self, tx: Any, payer_id: str, relation_id: str, now: dt.datetime) -> None:
        if self.find(tx, payer_id, relation_id):
            del self.rows.relations[relation_id]

    def forget_unpaid(self, tx: Any, before: dt.datetime) -> None:
        self.rows.relations = {
            key: row for key, row in self.rows.relations.items() if row[1].paid_at or row[2] >= before
        }

    def _keep(self, payer_id: str, relation: Relation, now: dt.datetime) -> Relation:
        self.rows.relations[relation.relation_id] = payer_id, relation, now
        return relation


@dataclass
class FakeConsents:
    rows: FakeRows

    def give(
        self, tx: Any, person_id: str, kind: ConsentKind, version: str, now: dt.datetime,
        member_id: str | None = None, about: str | None = None,
    ) -> None:  # fmt: skip
        standing = [
            given for of, member, given in self.rows.consents
            if (of, member, given.kind, given.version) == (person_id, member_id, kind, version)
            and given.withdrawn_at is None
        ]  # fmt: skip
        if not standing:
            self.rows.consents.append(
                (person_id, member_id, ConsentGiven(kind, version, about or "", now, None))
            )

    def withdraw(self, tx: Any, person_id: str, member_id: str, now: dt.datetime) -> None:
        self.rows.consents = [
            (of, member, replace(given, withdrawn_at=given.withdrawn_at or now))
            if (of, member) == (person_id, member_id) else (of, member, given)
            for of, member, given in self.rows.consents
        ]  # fmt: skip

    def of(self, tx: Any, person_id: str) -> Sequence[ConsentGiven]:
        mine = [given for of, _, given in self.rows.consents if of == person_id]
        return sorted(mine, key=lambda given: given.given_at, reverse=True)


def wired(rows: FakeRows, clock: Clock, household_limit: int = 50) -> Wiring:
    """The use cases' tools over these rows. Places are the real ones."""
    return Wiring(
        rows, FakeAccounts(rows), FakeMembers(rows), FakeRelations(rows), FakeConsents(rows), rows, Gazetteer(),
        clock, household_limit, deletion_after=dt.timedelta(days=15), journal=FakeJournal(),
    )  # fmt: skip
