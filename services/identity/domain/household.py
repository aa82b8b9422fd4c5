"""Other people a payer keeps or names: household members and insured (requirements 3.2.1.8, 3.2.1.14)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from contract.household import Insured, Kinship, Member, OwnDocument, TypedPerson
from contract.identity import ConsentMissing
from contract.people import Person
from contract.places import Place
from contract.rights import CONSENT_VERSIONS, ConsentKind
from services.identity.domain import people
from services.identity.domain.places import Names, place_of

MINOR_UNTIL: Final = 14
"""Years of age from which no guardian has to agree (个人信息保护法 31)."""

_MAY_BE_MINOR: Final = (Kinship.CHILD, Kinship.GRANDCHILD)


@dataclass(frozen=True)
class Profile:
    """Another person, normalised. `phone` is empty and `place` None where the payer told none."""

    person: Person
    phone: str
    place: Place | None


@dataclass(frozen=True)
class HouseholdMember:
    """A member as it is kept: what changes with the calendar is not in it."""

    member_id: str
    profile: Profile
    kinship: Kinship
    added_at: dt.datetime

    def shown(self, today: dt.date) -> Member:
        """The member as its owner sees it today."""
        of = self.profile
        minor = is_minor(of.person, self.kinship, today)
        return Member(self.member_id, of.person, self.kinship, of.phone, of.place, minor, self.added_at)


@dataclass(frozen=True)
class Relation:
    """Payer → insured: named at least once, and paid for if `paid_at` is set."""

    relation_id: str
    profile: Profile
    paid_at: dt.datetime | None

    @property
    def insured(self) -> Insured:
        """The insured as a payment needs them."""
        return Insured(self.relation_id, self.profile.person, self.profile.phone, self.profile.place)


def profile_of(typed: TypedPerson, names: Names, today: dt.date) -> Profile:
    """What was typed about another person, normalised. Raises InvalidName, InvalidIdNumber, InvalidDocumentNumber,
    InvalidPhone or InvalidPlace."""
    person = people.person_of(typed.document_type, typed.document_number, typed.name, today)
    phone = people.normal_phone(typed.phone) if typed.phone.strip() else ""
    return Profile(person, phone, place_of(typed.place, names))


def refuse_own(person: Person, payer: Person) -> None:
    """Raises OwnDocument where the payer's own document was typed, whatever the name beside it."""
    if same_document(person, payer):
        raise OwnDocument(field="document_number")


def same_document(one: Person, other: Person) -> bool:
    """Whether two persons are told by the same document."""
    return document_of(one) == document_of(other)


def document_of(person: Person) -> tuple[str, str]:
    """What tells one person from another: names are typed in many ways."""
    return person.document_type.value, person.document_number


def is_minor(person: Person, kinship: Kinship, today: dt.date) -> bool:
    """Whether a guardian's consent is needed.

    A passport or an older permanent-resident card tells no date of birth. Then children and grandchildren count as
    minors: one tick too many harms nobody, one too few would keep a child's data without anybody's consent.
    """
    age = people.age_on(person, today)
    return kinship in _MAY_BE_MINOR if age is None else age < MINOR_UNTIL


def check_consent(version: str) -> None:
    """Raises ConsentMissing unless the household's present text was agreed to."""
    _check(ConsentKind.HOUSEHOLD, version, "consent", "请先阅读并勾选同意")


def check_guardian_consent(version: str) -> None:
    """Raises ConsentMissing unless the guardian's present text was agreed to."""
    _check(
        ConsentKind.GUARDIAN, version, "guardian_consent",
        f"添加未满{MINOR_UNTIL}周岁（或证件不显示出生日期）的子女等家庭成员，请先由监护人阅读并勾选同意",
    )  # fmt: skip


def _check(kind: ConsentKind, version: str, field: str, invitation: str) -> None:
    if version != CONSENT_VERSIONS[kind]:
        raise ConsentMissing(f"{invitation}{kind.label}。", field=field)
