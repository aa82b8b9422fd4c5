"""Whom a payer names, picks and has paid for (3.2.1.8)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contract.errors import ContractError
from contract.household import (
    CheckPerson,
    Insured,
    InsuredNotFound,
    Kinship,
    ListInsured,
    Member,
    OwnDocument,
    Pick,
    PickInsured,
    RemoveRelation,
    TypedPerson,
)
from contract.identity import InvalidIdNumber, InvalidName, InvalidPhone, PersonNotFound
from contract.payment import PaymentSucceeded
from contract.people import DocumentType
from contract.places import Division, InvalidPlace, Place
from kit.clock import SetClock
from services.identity.usecases import household, relations
from tests.factories.identity_people import (
    NANNING,
    NOW,
    OWNER,
    STRANGER,
    adding,
    known_person,
    naming,
    number,
    somebody,
)
from tests.factories.payloads import event
from tests.fakes.identity_rows import FakeRelations, FakeRows, wired


class Payer:
    """Two persons, one of whom pays for others."""

    def __init__(self) -> None:
        self.rows = FakeRows(persons={OWNER: known_person(1), STRANGER: known_person(2)})
        self.clock = SetClock(NOW)
        self.w = wired(self.rows, self.clock)

    def name(self, typed: TypedPerson | None = None, payer_id: str = OWNER) -> Insured:
        return relations.name_insured(naming(typed or somebody(), payer_id), self.w)

    def add(self, typed: TypedPerson) -> Member:
        return household.add_member(adding(typed, Kinship.CHILD), self.w)

    def pick(self, pick_id: str, payer_id: str = OWNER) -> Insured:
        return relations.pick_insured(PickInsured(payer_id, pick_id), self.w)

    def list(self, payer_id: str = OWNER) -> list[Pick]:
        return list(relations.list_insured(ListInsured(payer_id), self.w).picks)

    def remove(self, relation_id: str, payer_id: str = OWNER) -> None:
        assert (
            relations.remove_relation(RemoveRelation(payer_id, relation_id), self.w).relation_id
            == relation_id
        )

    def pay(self, relation_id: str | None, at: dt.datetime = NOW) -> None:
        paid = event(PaymentSucceeded, paid_at=at)
        paid = replace(paid, contribution=replace(paid.contribution, relation_id=relation_id))
        relations.record_payment(None, paid, FakeRelations(self.rows), NOW)


@pytest.fixture
def payer() -> Payer:
    return Payer()


def test_the_same_document_is_the_same_relation_and_another_payers_is_another(payer: Payer) -> None:
    first = payer.name()
    assert payer.name() == first
    assert payer.name(somebody(2)).relation_id != first.relation_id
    assert payer.name(payer_id=STRANGER).relation_id != first.relation_id


def test_what_was_typed_last_stands_and_what_was_left_out_is_kept(payer: Payer) -> None:
    first = payer.name(somebody(phone="139 0013 9000", place=NANNING))
    assert (first.phone, first.place) == ("13900139000", NANNING)
    assert payer.name(somebody(name="谭子函")) == replace(first, person=replace(first.person, name="谭子函"))
    other = Place(Division("4502", "柳州市"))
    newest = payer.name(somebody(phone="13900139001", place=other))
    assert newest == replace(first, phone="13900139001", place=other)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (replace(somebody(), name=""), InvalidName),
        (replace(somebody(), document_number="1"), InvalidIdNumber),
        (somebody(phone="1"), InvalidPhone),
        (somebody(place=Place(Division("", "南宁市"))), InvalidPlace),
        (TypedPerson(DocumentType.RESIDENT_ID, number("19780612", 1), "别名"), OwnDocument),
    ],
)
def test_what_was_typed_wrongly_names_nobody(
    payer: Payer, typed: TypedPerson, error: type[ContractError]
) -> None:
    with pytest.raises(error):
        payer.name(typed)
    assert payer.rows.relations == {}


def test_a_member_is_picked_without_typing(payer: Payer) -> None:
    child = payer.add(somebody(phone="13900139000", place=NANNING))
    picked = payer.pick(child.member_id)
    assert (picked.person, picked.phone, picked.place) == (child.person, child.phone, child.place)
    assert payer.name() == picked, "typing the same person is the same relation"


def test_somebody_paid_for_is_picked_again(payer: Payer) -> None:
    named = payer.name(somebody(phone="13900139000"))
    payer.pay(named.relation_id)
    assert payer.pick(payer.list()[0].pick_id) == named


def test_only_ones_own_may_be_picked(payer: Payer) -> None:
    child, named = payer.add(somebody()), payer.name(somebody(2))
    for pick_id in (child.member_id, named.relation_id):
        with pytest.raises(InsuredNotFound):
            payer.pick(pick_id, STRANGER)
    with pytest.raises(InsuredNotFound):
        payer.pick("nobody")
    assert {of for of, _, _ in payer.rows.relations.values()} == {OWNER}


def test_who_was_named_and_not_paid_for_is_not_on_the_list(payer: Payer) -> None:
    named = payer.name()
    assert payer.list() == []
    payer.pay(named.relation_id)
    assert [pick.pick_id for pick in payer.list()] == [named.relation_id]
    assert payer.list(STRANGER) == []


def test_newest_payment_first_then_newest_members_and_everybody_once(payer: Payer) -> None:
    old, new = payer.add(somebody(1)), payer.name(somebody(2))
    payer.clock.advance(seconds=1)
    newer = payer.add(somebody(3))
    payer.clock.advance(seconds=1)
    paid_member = payer.add(somebody(4))
    for relation_id, minute in ((payer.pick(paid_member.member_id).relation_id, 1), (new.relation_id, 2)):
        payer.pay(relation_id, NOW + dt.timedelta(minutes=minute))
    listed = payer.list()
    assert [pick.pick_id for pick in listed] == [
        new.relation_id, paid_member.member_id, newer.member_id, old.member_id,
    ]  # fmt: skip
    assert [pick.kinship for pick in listed] == [None, Kinship.CHILD, Kinship.CHILD, Kinship.CHILD]
    assert [pick.paid_at for pick in listed] == [
        NOW + dt.timedelta(minutes=2), NOW + dt.timedelta(minutes=1), None, None,
    ]  # fmt: skip
    assert [pick.relation_id is not None for pick in listed] == [True, True, False, False]


def test_a_payment_never_moves_backwards(payer: Payer) -> None:
    named = payer.name()
    for days in (1, 3, 2):
        payer.pay(named.relation_id, NOW + dt.timedelta(days=days))
    assert payer.list()[0].paid_at == NOW + dt.timedelta(days=3)


@pytest.mark.parametrize("relation_id", [None, "", "of-another-system"])
def test_a_payment_without_a_relation_of_ours_changes_nothing(payer: Payer, relation_id: str | None) -> None:
    payer.name()
    before = dict(payer.rows.relations)
    payer.pay(relation_id)
    assert payer.rows.relations == before


def test_an_order_in_flight_does_not_bring_back_who_was_removed(payer: Payer) -> None:
    named = payer.name()
    payer.pay(named.relation_id)
    payer.remove(named.relation_id)
    payer.remove(named.relation_id)
    payer.pay(named.relation_id, NOW + dt.timedelta(minutes=1))
    assert payer.list() == []
    with pytest.raises(InsuredNotFound):
        payer.pick(named.relation_id)
    again = payer.name()
    assert again.relation_id != named.relation_id
    payer.pay(again.relation_id)
    assert [pick.relation_id for pick in payer.list()] == [again.relation_id]


def test_a_member_removed_from_the_relations_stays_a_member(payer: Payer) -> None:
    child = payer.add(somebody())
    relation_id = payer.pick(child.member_id).relation_id
    payer.pay(relation_id)
    payer.remove(relation_id)
    assert [(pick.pick_id, pick.paid_at) for pick in payer.list()] == [(child.member_id, None)]


def test_a_stranger_removes_nothing(payer: Payer) -> None:
    named = payer.name()
    payer.pay(named.relation_id)
    payer.remove(named.relation_id, STRANGER)
    assert len(payer.list()) == 1


def test_who_was_never_paid_for_is_forgotten_after_thirty_days(payer: Payer) -> None:
    unpaid, paid = payer.name(somebody(1)), payer.name(somebody(2))
    payer.pay(paid.relation_id)
    payer.clock.advance(days=30)
    relations.forget_unpaid(payer.w)
    assert len(payer.rows.relations) == 2
    payer.name(somebody(3))
    payer.clock.advance(seconds=1)
    relations.forget_unpaid(payer.w)
    assert unpaid.relation_id not in payer.rows.relations
    assert len(payer.rows.relations) == 2


def test_nobody_is_named_for_who_was_erased(payer: Payer) -> None:
    named = payer.name()
    del payer.rows.persons[OWNER]
    with pytest.raises(PersonNotFound):
        payer.name()
    with pytest.raises(PersonNotFound):
        payer.pick(named.relation_id)


def test_a_person_to_be_asked_about_is_normalised_and_not_kept() -> None:
    payer = Payer()
    typed = replace(somebody(), document_number=f" {somebody().document_number.lower()} ", phone="no phone")
    assert relations.check_person(CheckPerson(typed), payer.w).person == payer.name(somebody()).person
    assert len(payer.rows.relations) == 1, "only the one that was named"
    with pytest.raises(InvalidIdNumber):
        relations.check_person(CheckPerson(replace(typed, document_number="1")), payer.w)
