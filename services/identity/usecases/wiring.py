"""What the actions on households, relations and rights work with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.events import EventData
from contract.people import Person
from contract.rights import ConsentGiven, ConsentKind, Deletion
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.database import Transactions
from kit.seals import SealedRow
from services.identity.domain.household import HouseholdMember, Profile, Relation
from services.identity.domain.places import Names
from services.identity.domain.rights import KnownPerson


class Accounts(Protocol):
    """Persons and their wish to be forgotten; see storage.rights.AccountStorage."""

    def lock(self, tx: Any, person_id: str) -> Person | None: ...
    def find(self, tx: Any, person_id: str) -> KnownPerson | None: ...
    def wechat_users(self, tx: Any, person_id: str) -> int: ...
    def request_deletion(self, tx: Any, person_id: str, wish: Deletion) -> Deletion | None: ...
    def cancel_deletion(self, tx: Any, person_id: str) -> bool: ...
    def erase_due(self, tx: Any, now: dt.datetime, limit: int) -> Mapping[str, Sequence[SealedRow]]: ...


class Members(Protocol):
    """Household members; see storage.household.MemberStorage."""

    def add(self, tx: Any, owner_id: str, member: HouseholdMember) -> bool: ...
    def change(self, tx: Any, owner_id: str, member: HouseholdMember, now: dt.datetime) -> bool: ...
    def remove(self, tx: Any, owner_id: str, member_id: str, now: dt.datetime) -> bool: ...
    def find(self, tx: Any, owner_id: str, member_id: str) -> HouseholdMember | None: ...
    def all_of(self, tx: Any, owner_id: str) -> Sequence[HouseholdMember]: ...
    def count(self, tx: Any, owner_id: str) -> int: ...


class Relations(Protocol):
    """Payer → insured; see storage.relations.RelationStorage."""

    def name(self, tx: Any, payer_id: str, profile: Profile, now: dt.datetime) -> Relation: ...
    def find(self, tx: Any, payer_id: str, relation_id: str) -> Relation | None: ...
    def all_of(self, tx: Any, payer_id: str) -> Sequence[Relation]: ...
    def mark_paid(self, tx: Any, relation_id: str, paid_at: dt.datetime, now: dt.datetime) -> None: ...
    def remove(self, tx: Any, payer_id: str, relation_id: str, now: dt.datetime) -> None: ...
    def forget_unpaid(self, tx: Any, before: dt.datetime) -> None: ...


class ConsentBook(Protocol):
    """Consents given and withdrawn; see storage.consents.Consents."""

    def give(
        self, tx: Any, person_id: str, kind: ConsentKind, version: str, now: dt.datetime,
        member_id: str | None = None, about: str | None = None,
    ) -> None: ...  # fmt: skip
    def withdraw(self, tx: Any, person_id: str, member_id: str, now: dt.datetime) -> None: ...
    def of(self, tx: Any, person_id: str) -> Sequence[ConsentGiven]: ...


class Outbox(Protocol):
    """Records events in the transaction that caused them."""

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str: ...


@dataclass(frozen=True)
class Wiring:
    """`deletion_after` is how long a person may take back the wish to be forgotten."""

    database: Transactions
    accounts: Accounts
    members: Members
    relations: Relations
    consents: ConsentBook
    outbox: Outbox
    names: Names
    clock: Clock
    household_limit: int
    deletion_after: dt.timedelta
    journal: Acts = JOURNAL
