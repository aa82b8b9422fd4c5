"""How people lie in the columns that several tables have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table

from contract import schema
from contract.people import DocumentType, Person
from contract.places import Place
from kit.crypto import blind_index
from services.identity.domain.household import Profile, document_of


def columns_of(profile: Profile, table: Table) -> dict[str, Any]:
    """A profile as columns of a table; what was not told is NULL. The document's index is made here, because the row's
    seal is over it."""
    return {
        "document": index_of(table.c.document, document_index(profile.person)),
        "document_type": profile.person.document_type.value,
        "document_number": profile.person.document_number,
        "name": profile.person.name,
        "phone": profile.phone or None,
        "place": None if profile.place is None else schema.dump(profile.place),
    }


def index_of(column: Column[Any], value: str) -> bytes:
    """What a column with a blind index keeps of a value."""
    purpose: str = column.type.purpose  # type: ignore[attr-defined]
    return blind_index(purpose, value)


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
