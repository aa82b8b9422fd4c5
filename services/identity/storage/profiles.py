"""How people lie in the columns that several tables have in common."""

from __future__ import annotations

from typing import Any

from contract import schema
from contract.people import DocumentType, Person
from contract.places import Place
from services.identity.domain.household import Profile, document_of


def columns_of(profile: Profile) -> dict[str, Any]:
    """A profile as columns; what was not told is NULL."""
    return {
        "document": document_index(profile.person),
        "document_type": profile.person.document_type.value,
        "document_number": profile.person.document_number,
        "name": profile.person.name,
        "phone": profile.phone or None,
        "place": None if profile.place is None else schema.dump(profile.place),
    }


def profile_from(row: Any) -> Profile:
    """The profile in a row."""
    place = None if row.place is None else schema.load(Place, row.place)
    return Profile(person_from(row), row.phone or "", place)


def person_from(row: Any) -> Person:
    """The person in a row."""
    return Person(DocumentType(row.document_type), row.document_number, row.name)


def document_index(person: Person) -> str:
    """What the blind index over a document covers."""
    return "\0".join(document_of(person))


def identity_of(person: Person) -> str:
    """What the blind index over type, number and name together covers."""
    return "\0".join((person.document_type.value, person.document_number, person.name))
