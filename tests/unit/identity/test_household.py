"""家庭成员: who may be kept, with which consent, and who finds them (3.2.1.14, security.md 4 and 15)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.errors import ContractError
from contract.household import (
    EditMember,
    HouseholdFull,
    Kinship,
    ListMembers,
    Member,
    MemberExists,
    MemberNotFound,
    MemberOfOwner,
    MemberRemoved,
    OwnDocument,
    TypedPerson,
)
from contract.identity import ConsentMissing, InvalidIdNumber, InvalidName, InvalidPhone, PersonNotFound
from contract.people import DocumentType
from contract.places import Division, InvalidPlace, Place
from contract.rights import ConsentKind
from kit.clock import SetClock
from services.identity.usecases import household
from tests.factories.identity_people import (
    GUARDIAN,
    NANNING,
    NOW,
    OWNER,
    STRANGER,
    adding,
    known_person,
    number,
    somebody,
)
from tests.fakes.identity_rows import FakeRows, wired

TODAY, TOMORROW = "20121123", "20121124"
"""Dates of birth: 14 years ago today, and 14 years ago tomorrow."""
PASSPORT = TypedPerson(DocumentType.PASSPORT, "E12345678", "谭子涵")


class Home:
    """Two persons, one of whom keeps a household."""

    def __init__(self) -> None:
        self.rows = FakeRows(persons={OWNER: known_person(1), STRANGER: known_person(2)})
        self.clock = SetClock(NOW)
        self.w = wired(self.rows, self.clock, household_limit=3)

    def add(self, typed: TypedPerson | None = None, kinship: Kinship = Kinship.CHILD) -> Member:
        return household.add_member(adding(typed or somebody(), kinship), self.w)

    def edit(
        self, member: Member, typed: TypedPerson, kinship: Kinship = Kinship.CHILD, agreed: str = ""
    ) -> Member:
        return household.edit_member(EditMember(OWNER, member.member_id, typed, kinship, agreed), self.w)

    def get(self, member: Member, owner_id: str = OWNER) -> Member:
        return household.get_member(MemberOfOwner(owner_id, member.member_id), self.w)

    def remove(self, member: Member, owner_id: str = OWNER) -> MemberRemoved:
        return household.remove_member(MemberOfOwner(owner_id, member.member_id), self.w)

    def all(self, owner_id: str = OWNER) -> list[Member]:
        return list(household.list_members(ListMembers(owner_id), self.w).members)

    @property
    def consents(self) -> list[tuple[ConsentKind, str, bool]]:
        """Kind, about whom, and whether it stands."""
        return [(given.kind, given.about, given.withdrawn_at is None) for _, _, given in self.rows.consents]


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_member_is_kept_normalised(home: Home) -> None:
    typed = TypedPerson(
        DocumentType.RESIDENT_ID, f" {number()[:-1]}{number()[-1].lower()} ", " 谭 子涵", "139-0013-9000",
        replace(NANNING, town=Division("", "建政")),
    )  # fmt: skip
    added = home.add(typed, Kinship.SPOUSE)
    assert (added.person.document_number, added.person.name) == (number(), "谭子涵")
    assert (added.phone, added.kinship, added.added_at) == ("13900139000", Kinship.SPOUSE, NOW)
    assert added.place is not None and added.place.text == "南宁市青秀区建政"
    assert home.get(added) == added and home.all() == [added]


def test_phone_and_place_may_be_left_out(home: Home) -> None:
    added = home.add(somebody(phone=" ", place=Place()))
    assert (added.phone, added.place) == ("", None)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (replace(somebody(), name=""), InvalidName),
        (replace(somebody(), document_number="450103198001010019"), InvalidIdNumber),
        (somebody(phone="12345"), InvalidPhone),
        (somebody(place=Place(Division("4401", "广州市"))), InvalidPlace),
        (TypedPerson(DocumentType.RESIDENT_ID, number("19780612", 1), "别名"), OwnDocument),
    ],
)
def test_what_was_typed_wrongly_is_refused_and_nothing_is_kept(
    home: Home, typed: TypedPerson, error: type[ContractError]
) -> None:
    with pytest.raises(error) as refused:
        home.add(typed)
    assert refused.value.detail["field"]
    assert home.all() == [] and home.consents == []


def test_a_member_is_in_a_household_once_whatever_the_name(home: Home) -> None:
    home.add()
    with pytest.raises(MemberExists):
        home.add(somebody(name="谭子函"))
    assert len(home.all()) == 1 and len(home.consents) == 1
    household.add_member(adding(somebody(), owner_id=STRANGER), home.w)


def test_a_household_is_full_until_somebody_leaves(home: Home) -> None:
    first, *_ = [home.add(somebody(serial)) for serial in (1, 2, 3)]
    with pytest.raises(HouseholdFull, match="3人"):
        home.add(somebody(4))
    with pytest.raises(MemberExists):
        home.add(somebody(3))
    assert len(home.all()) == len(home.consents) == 3
    home.remove(first)
    home.add(somebody(4))


def test_members_come_in_the_order_they_were_added(home: Home) -> None:
    added = []
    for serial in (3, 1, 2):
        added.append(home.add(somebody(serial)))
        home.clock.advance(seconds=1)
    assert home.all() == added


@pytest.mark.parametrize("version", ["", "2020-01"])
def test_the_present_text_must_be_agreed_to(home: Home, version: str) -> None:
    with pytest.raises(ConsentMissing, match="家庭成员信息授权说明") as refused:
        household.add_member(replace(adding(somebody()), consent_version=version), home.w)
    assert refused.value.detail == {"field": "consent"}
    assert home.all() == []


@pytest.mark.parametrize("version", ["", "2020-01"])
def test_a_guardian_agrees_for_who_is_under_fourteen(home: Home, version: str) -> None:
    child = adding(somebody(born=TOMORROW), Kinship.SIBLING)
    with pytest.raises(ConsentMissing, match=r"未满14周岁.*监护人同意书") as refused:
        household.add_member(replace(child, guardian_consent_version=version), home.w)
    assert refused.value.detail == {"field": "guardian_consent"}
    assert household.add_member(child, home.w).minor
    assert home.consents == [(ConsentKind.HOUSEHOLD, "谭**", True), (ConsentKind.GUARDIAN, "谭**", True)]


def test_nobody_agrees_for_who_is_fourteen_today(home: Home) -> None:
    added = household.add_member(replace(adding(somebody(born=TODAY)), guardian_consent_version=""), home.w)
    assert not added.minor
    assert [kind for kind, _, _ in home.consents] == [ConsentKind.HOUSEHOLD]


def test_a_birthday_in_china_ends_minority_by_itself(home: Home) -> None:
    added = home.add(somebody(born=TOMORROW))
    home.clock.advance(hours=7, minutes=59)
    assert home.get(added).minor and home.all()[0].minor
    home.clock.advance(minutes=1)
    assert not home.get(added).minor and not home.all()[0].minor


def test_a_document_without_a_date_of_birth_makes_minors_of_children_only(home: Home) -> None:
    asked = replace(adding(PASSPORT, Kinship.SPOUSE), guardian_consent_version="")
    for kinship in (Kinship.CHILD, Kinship.GRANDCHILD):
        with pytest.raises(ConsentMissing, match="证件不显示出生日期"):
            household.add_member(replace(asked, kinship=kinship), home.w)
    added = household.add_member(asked, home.w)
    assert not added.minor
    with pytest.raises(ConsentMissing):
        home.edit(added, PASSPORT, Kinship.CHILD)
    assert home.edit(added, PASSPORT, Kinship.CHILD, GUARDIAN).minor


def test_a_masked_form_sent_back_changes_nothing_else(home: Home) -> None:
    added = home.add(somebody(phone="13900139000", place=NANNING))
    blank = TypedPerson(DocumentType.RESIDENT_ID, " ", "", "13900139001", NANNING)
    edited = home.edit(added, blank, Kinship.PARENT)
    assert edited == replace(added, phone="13900139001", kinship=Kinship.PARENT)
    assert home.all() == [edited]
    cleared = home.edit(added, replace(blank, phone="", place=None))
    assert (cleared.phone, cleared.place) == ("", None)


def test_an_edit_is_checked_like_an_addition(home: Home) -> None:
    added, other = home.add(), home.add(somebody(2))
    for typed, error in (
        (somebody(2), MemberExists),
        (TypedPerson(DocumentType.RESIDENT_ID, number("19780612", 1), "别名"), OwnDocument),
        (replace(somebody(), document_number="1"), InvalidIdNumber),
        (replace(somebody(), name="1"), InvalidName),
        (somebody(phone="1"), InvalidPhone),
        (somebody(place=Place(Division("1"))), InvalidPlace),
    ):
        with pytest.raises(error):
            home.edit(added, typed)
    assert home.all() == [added, other]
    assert home.edit(added, somebody(3)).person.document_number == number(serial=3)


def test_an_edit_that_makes_a_minor_needs_the_guardian(home: Home) -> None:
    added = home.add()
    child = somebody(born=TOMORROW)
    with pytest.raises(ConsentMissing) as refused:
        home.edit(added, child)
    assert refused.value.detail == {"field": "guardian_consent"}
    assert home.get(added) == added
    assert home.edit(added, child, agreed=GUARDIAN).minor
    assert (ConsentKind.GUARDIAN, "谭**", True) in home.consents
    assert home.edit(added, replace(child, phone="13900139000")).minor, "agreed to once for this child"
    with pytest.raises(ConsentMissing):
        home.edit(added, somebody(2, born=TOMORROW))


def test_a_member_removed_is_gone_and_the_consent_withdrawn(home: Home) -> None:
    added, other = home.add(somebody(born=TOMORROW)), home.add(somebody(2))
    assert home.remove(added) == MemberRemoved(added.member_id)
    assert home.all() == [other]
    assert home.consents == [
        (ConsentKind.HOUSEHOLD, "谭**", False), (ConsentKind.GUARDIAN, "谭**", False),
        (ConsentKind.HOUSEHOLD, "谭**", True),
    ]  # fmt: skip
    with pytest.raises(MemberNotFound):
        home.remove(added)
    with pytest.raises(MemberNotFound):
        home.get(added)


def test_a_strangers_member_is_not_found(home: Home) -> None:
    added = home.add()
    for act in (
        lambda: home.get(added, STRANGER),
        lambda: home.remove(added, STRANGER),
        lambda: household.edit_member(
            EditMember(STRANGER, added.member_id, somebody(), Kinship.CHILD, GUARDIAN), home.w
        ),
    ):
        with pytest.raises(MemberNotFound) as refused:
            act()
        assert refused.value.detail == {}
    assert home.all(STRANGER) == [] and home.all() == [added]


def test_nothing_is_kept_for_who_was_erased(home: Home) -> None:
    added = home.add()
    del home.rows.persons[OWNER]
    with pytest.raises(PersonNotFound):
        home.add(somebody(2))
    with pytest.raises(PersonNotFound):
        home.edit(added, somebody(2))
