"""缴费人与代缴费人的关联 (requirement 3.2.1.8): whom a payer names, picks and has paid for."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from contract.household import (
    CheckedPerson,
    CheckPerson,
    Insured,
    InsuredNotFound,
    ListInsured,
    NameInsured,
    Pick,
    PickInsured,
    Picks,
    RelationRemoved,
    RemoveRelation,
)
from contract.payment import PaymentSucceeded
from kit.clock import china
from services.identity.domain import household, people
from services.identity.domain.household import HouseholdMember, Profile, Relation
from services.identity.usecases import foreign
from services.identity.usecases.household import owner_of
from services.identity.usecases.wiring import Relations, Wiring

KEEP_UNPAID: Final = dt.timedelta(days=30)
"""How long somebody is remembered who was named and never paid for."""


def name_insured(request: NameInsured, w: Wiring) -> Insured:
    """Somebody typed. The same payer and document get the same relation; what was typed last stands, and an empty
    phone or place keeps what is known. Raises what a typed person may raise, OwnDocument, and PersonNotFound once the
    payer is erased."""
    now = w.clock.now()
    profile = household.profile_of(request.typed, w.names, china(now).date())
    with w.database.transaction() as tx:
        household.refuse_own(profile.person, owner_of(tx, request.payer_id, w))
        return w.relations.name(tx, request.payer_id, profile, now).insured


def check_person(request: CheckPerson, w: Wiring) -> CheckedPerson:
    """Somebody typed, by the rules of name and number; whether they exist is not said."""
    typed, today = request.typed, china(w.clock.now()).date()
    return CheckedPerson(people.person_of(typed.document_type, typed.document_number, typed.name, today))


def pick_insured(request: PickInsured, w: Wiring) -> Insured:
    """Somebody picked from the list. Raises InsuredNotFound, also for another payer's."""
    asked = foreign.journalled(w, request.payer_id, f"insured:{request.pick_id}")
    with asked, w.database.transaction() as tx:
        owner_of(tx, request.payer_id, w)
        profile = _picked(tx, request, w)
        if profile is None:
            raise InsuredNotFound
        return w.relations.name(tx, request.payer_id, profile, w.clock.now()).insured


def list_insured(request: ListInsured, w: Wiring) -> Picks:
    """Whom the payer may pick: newest payment first, then members never paid for, newest first.

    A member is shown as the household keeps them, whether paid for or not.
    """
    with w.database.read() as tx:
        members = {household.document_of(m.profile.person): m for m in w.members.all_of(tx, request.payer_id)}
        relations = [r for r in w.relations.all_of(tx, request.payer_id) if r.paid_at]
    relations.sort(key=_paid_at, reverse=True)
    paid = [_pick(members.pop(household.document_of(r.profile.person), None), r) for r in relations]
    unpaid = sorted(members.values(), key=lambda m: m.added_at, reverse=True)
    return Picks((*paid, *(_pick(member, None) for member in unpaid)))


def remove_relation(request: RemoveRelation, w: Wiring) -> RelationRemoved:
    """Take somebody off the list. An order in flight names the old relation and does not bring it back."""
    with w.database.transaction() as tx:
        w.relations.remove(tx, request.payer_id, request.relation_id, w.clock.now())
    return RelationRemoved(request.relation_id)


def is_of_relation(paid: PaymentSucceeded) -> bool:
    """Whether somebody on a payer's list was paid for; who is paid for by themselves, or through another system, is on
    none."""
    return bool(paid.contribution.relation_id)


def record_payment(tx: Any, paid: PaymentSucceeded, relations: Relations, now: dt.datetime) -> None:
    """Somebody was paid for; nothing to record without a relation of ours, or when it was removed meanwhile."""
    if relation_id := paid.contribution.relation_id:
        relations.mark_paid(tx, relation_id, paid.paid_at, now)


def forget_unpaid(w: Wiring) -> None:
    """Forget whom nobody paid for in the end."""
    with w.database.transaction() as tx:
        w.relations.forget_unpaid(tx, w.clock.now() - KEEP_UNPAID)


def _picked(tx: Any, request: PickInsured, w: Wiring) -> Profile | None:
    found = w.members.find(tx, request.payer_id, request.pick_id) or w.relations.find(
        tx, request.payer_id, request.pick_id
    )
    return found.profile if found else None


def _paid_at(relation: Relation) -> dt.datetime:
    assert relation.paid_at is not None
    return relation.paid_at


def _pick(member: HouseholdMember | None, relation: Relation | None) -> Pick:
    if member is not None:
        pick_id, of, kinship = member.member_id, member.profile, member.kinship
    else:
        assert relation is not None
        pick_id, of, kinship = relation.relation_id, relation.profile, None
    relation_id, paid_at = (relation.relation_id, relation.paid_at) if relation else (None, None)
    return Pick(pick_id, of.person, of.phone, of.place, kinship, relation_id, paid_at)
