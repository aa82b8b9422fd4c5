"""家庭成员 (requirement 3.2.1.14): kept by their owner, found by nobody else."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from contract.household import (
    AddMember,
    EditMember,
    HouseholdFull,
    ListMembers,
    Member,
    MemberExists,
    MemberNotFound,
    MemberOfOwner,
    MemberRemoved,
    Members,
    TypedPerson,
)
from contract.identity import PersonNotFound
from contract.people import Person
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.clock import china
from kit.masking import mask_name
from services.identity.domain import household
from services.identity.domain.household import HouseholdMember
from services.identity.usecases import foreign
from services.identity.usecases.wiring import Wiring


def add_member(request: AddMember, w: Wiring) -> Member:
    """Keep somebody for the payments to come, with the consents that are needed.

    The owner's row is locked, so that members added at the same time queue up at the cap. Raises what a typed
    person may raise, ConsentMissing, MemberExists, HouseholdFull, and PersonNotFound once the owner is erased.
    """
    now = w.clock.now()
    today = china(now).date()
    profile = household.profile_of(request.typed, w.names, today)
    member = HouseholdMember(str(uuid.uuid4()), profile, request.kinship, now)
    household.check_consent(request.consent_version)
    minor = household.is_minor(profile.person, request.kinship, today)
    if minor:
        household.check_guardian_consent(request.guardian_consent_version)
    with w.database.transaction() as tx:
        household.refuse_own(profile.person, owner_of(tx, request.owner_id, w))
        if not w.members.add(tx, request.owner_id, member):
            raise MemberExists
        if w.members.count(tx, request.owner_id) > w.household_limit:
            raise HouseholdFull(f"家庭成员最多{w.household_limit}人，请先删除不再需要的成员。")
        _record_consent(tx, request.owner_id, member, ConsentKind.HOUSEHOLD, now, w)
        if minor:
            _record_consent(tx, request.owner_id, member, ConsentKind.GUARDIAN, now, w)
    return member.shown(today)


def edit_member(request: EditMember, w: Wiring) -> Member:
    """Change a member; an empty name or number stays what it was, an empty phone or place is taken away.

    Somebody who becomes a minor by it, or another minor, needs a guardian's consent. Raises as add_member, and
    MemberNotFound.
    """
    now = w.clock.now()
    today = china(now).date()
    with _of_owner(request, w), w.database.transaction() as tx:
        owner = owner_of(tx, request.owner_id, w)
        old = w.members.find(tx, request.owner_id, request.member_id)
        if old is None:
            raise MemberNotFound
        typed = _filled(request.typed, old.profile.person)
        new = replace(old, profile=household.profile_of(typed, w.names, today), kinship=request.kinship)
        household.refuse_own(new.profile.person, owner)
        if _needs_new_guardian_consent(old, new, today):
            household.check_guardian_consent(request.guardian_consent_version)
            _record_consent(tx, request.owner_id, new, ConsentKind.GUARDIAN, now, w)
        if not w.members.change(tx, request.owner_id, new, now):
            raise MemberExists
    return new.shown(today)


def get_member(request: MemberOfOwner, w: Wiring) -> Member:
    """One member. Raises MemberNotFound, also for another owner's."""
    with _of_owner(request, w), w.database.read() as tx:
        member = w.members.find(tx, request.owner_id, request.member_id)
        if member is None:
            raise MemberNotFound
    return member.shown(china(w.clock.now()).date())


def list_members(request: ListMembers, w: Wiring) -> Members:
    """Everybody in a household, in the order they were added."""
    with w.database.read() as tx:
        members = w.members.all_of(tx, request.owner_id)
    today = china(w.clock.now()).date()
    return Members(tuple(member.shown(today) for member in members))


def remove_member(request: MemberOfOwner, w: Wiring) -> MemberRemoved:
    """Forget a member and withdraw what was agreed to about them. Raises MemberNotFound."""
    with _of_owner(request, w), w.database.transaction() as tx:
        w.accounts.lock(tx, request.owner_id)  # so that no edit of this member is under way
        now = w.clock.now()
        if not w.members.remove(tx, request.owner_id, request.member_id, now):
            raise MemberNotFound
        w.consents.withdraw(tx, request.owner_id, request.member_id, now)
    return MemberRemoved(request.member_id)


def _of_owner(request: MemberOfOwner | EditMember, w: Wiring) -> contextlib.AbstractContextManager[None]:
    return foreign.journalled(w, request.owner_id, f"member:{request.member_id}")


def owner_of(tx: Any, person_id: str, w: Wiring) -> Person:
    """The person everything is kept for, locked until the transaction ends: nothing is added to somebody who is
    being erased. Raises PersonNotFound."""
    owner = w.accounts.lock(tx, person_id)
    if owner is None:
        raise PersonNotFound
    return owner


def _filled(typed: TypedPerson, old: Person) -> TypedPerson:
    return replace(
        typed,
        document_number=typed.document_number if typed.document_number.strip() else old.document_number,
        name=typed.name if typed.name.strip() else old.name,
    )


def _needs_new_guardian_consent(old: HouseholdMember, new: HouseholdMember, today: dt.date) -> bool:
    agreed = household.is_minor(old.profile.person, old.kinship, today)
    same = household.same_document(old.profile.person, new.profile.person)
    return household.is_minor(new.profile.person, new.kinship, today) and not (agreed and same)


def _record_consent(
    tx: Any, owner_id: str, member: HouseholdMember, kind: ConsentKind, now: dt.datetime, w: Wiring
) -> None:
    about = mask_name(member.profile.person.name)
    w.consents.give(tx, owner_id, kind, CONSENT_VERSIONS[kind], now, member.member_id, about)
