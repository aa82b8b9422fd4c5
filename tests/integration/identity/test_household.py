"""Households under parallel requests, on PostgreSQL."""

from __future__ import annotations

import pytest

from contract.household import EditMember, Kinship, ListMembers, MemberOfOwner
from contract.rights import PersonNamed
from kit.clock import SetClock
from kit.database import Database
from services.identity.usecases import household, rights
from tests.factories.identity_people import GUARDIAN, NANNING, NOW, STRANGER, adding, number, somebody
from tests.integration.identity.keeping import dump, logged_in, outcomes, wiring

PARALLEL = 30


@pytest.fixture
def owner(database: Database) -> str:
    return logged_in(database, 1)


def test_members_added_at_once_do_not_pass_the_cap(database: Database, owner: str) -> None:
    w = wiring(database, household_limit=7)
    found = outcomes(lambda n: household.add_member(adding(somebody(n), owner_id=owner), w), PARALLEL)
    assert found == {"through": 7, "HouseholdFull": PARALLEL - 7}
    assert len(household.list_members(ListMembers(owner), w).members) == 7
    assert len(rights.list_consents(PersonNamed(owner), w).consents) == 7


def test_a_member_added_many_times_at_once_is_there_once(database: Database, owner: str) -> None:
    w = wiring(database)
    found = outcomes(lambda n: household.add_member(adding(somebody(), owner_id=owner), w), PARALLEL)
    assert found == {"through": 1, "MemberExists": PARALLEL - 1}


def test_members_edited_at_once_do_not_become_the_same_person(database: Database, owner: str) -> None:
    w = wiring(database)
    added = [household.add_member(adding(somebody(n), owner_id=owner), w) for n in range(10)]
    found = outcomes(
        lambda n: household.edit_member(
            EditMember(owner, added[n].member_id, somebody(500), Kinship.CHILD), w
        ),
        10,
    )
    assert found == {"through": 1, "MemberExists": 9}


def test_a_member_removed_while_it_is_edited_is_gone(database: Database, owner: str) -> None:
    w = wiring(database)
    added = household.add_member(adding(somebody(), owner_id=owner), w)
    of = MemberOfOwner(owner, added.member_id)
    child = EditMember(owner, added.member_id, somebody(born="20190520"), Kinship.CHILD, GUARDIAN)
    found = outcomes(
        lambda n: household.remove_member(of, w) if n == 3 else household.edit_member(child, w), 10
    )
    assert found.keys() <= {"through", "MemberNotFound"}
    assert household.list_members(ListMembers(owner), w).members == ()
    given = rights.list_consents(PersonNamed(owner), w).consents
    assert given and all(consent.withdrawn_at for consent in given)


def test_a_member_comes_back_as_it_was_kept(database: Database, owner: str) -> None:
    clock = SetClock(NOW)
    w = wiring(database, clock)
    first = household.add_member(
        adding(somebody(2, born="20190520", phone="13900139000", place=NANNING), owner_id=owner), w
    )
    clock.advance(seconds=1)
    second = household.add_member(adding(somebody(1), Kinship.PARENT, owner), w)
    assert household.list_members(ListMembers(owner), w).members == (first, second)
    edited = household.edit_member(
        EditMember(owner, first.member_id, somebody(3, name="谭子函"), Kinship.SIBLING), w
    )
    assert household.get_member(MemberOfOwner(owner, first.member_id), w) == edited
    assert edited.person.document_number == number(serial=3) and not edited.minor


def test_members_lie_in_the_database_unreadable_and_are_found_by_their_owner_only(
    database: Database, owner: str
) -> None:
    w = wiring(database)
    added = household.add_member(adding(somebody(phone="13900139000", place=NANNING), owner_id=owner), w)
    stored = dump(database)
    assert added.member_id in stored
    for plain in (number(), "谭子涵", "13900139000", "南宁市", "450103"):
        assert plain not in stored and plain.encode().hex() not in stored
    stranger = logged_in(database, 2)
    for other in (stranger, STRANGER):
        assert household.list_members(ListMembers(other), w).members == ()
        assert outcomes(
            lambda n, of=other: household.get_member(MemberOfOwner(of, added.member_id), w), 1
        ) == {"MemberNotFound": 1}
        assert outcomes(
            lambda n, of=other: household.remove_member(MemberOfOwner(of, added.member_id), w), 1
        ) == {"MemberNotFound": 1}
