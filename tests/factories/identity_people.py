"""People for identity's tests: documents that pass every check, of any date of birth."""

from __future__ import annotations

import datetime as dt

from contract.household import AddMember, Kinship, NameInsured, TypedPerson
from contract.people import DocumentType, Person, check_digit
from contract.places import Division, Place
from contract.rights import CONSENT_VERSIONS, ConsentKind, Deletion
from services.identity.domain.rights import KnownPerson

OWNER, STRANGER = "owner-1", "stranger-1"
NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
HOUSEHOLD, GUARDIAN = CONSENT_VERSIONS[ConsentKind.HOUSEHOLD], CONSENT_VERSIONS[ConsentKind.GUARDIAN]
NANNING = Place(Division("4501", "南宁市"), Division("450103", "青秀区"))


def number(born: str = "19800101", serial: int = 1) -> str:
    """A resident ID number of somebody born then."""
    seventeen = f"450103{born}{serial:03d}"
    return seventeen + check_digit(seventeen)


def somebody(serial: int = 1, born: str = "19800101", name: str = "谭子涵", phone: str = "", place: Place | None = None,
             document_type: DocumentType = DocumentType.RESIDENT_ID) -> TypedPerson:  # fmt: skip
    """Somebody as a payer types them."""
    return TypedPerson(document_type, number(born, serial), name, phone, place)


def adding(typed: TypedPerson, kinship: Kinship = Kinship.CHILD, owner_id: str = OWNER) -> AddMember:
    """A request with every consent that may be needed."""
    return AddMember(owner_id, typed, kinship, HOUSEHOLD, GUARDIAN)


def naming(typed: TypedPerson, payer_id: str = OWNER) -> NameInsured:
    """Somebody about to be paid for."""
    return NameInsured(payer_id, typed)


def known_person(serial: int, deletion: Deletion | None = None) -> KnownPerson:
    """Somebody who logged in once."""
    person = Person(DocumentType.RESIDENT_ID, number("19780612", serial), "韦秀兰")
    return KnownPerson(person, f"1380013{serial:04d}", NOW, NOW, deletion)
