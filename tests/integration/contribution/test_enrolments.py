"""What is kept of a person's enrolment, on PostgreSQL: encrypted, found by a blind index, forgotten in time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from contract.contribution import Enrolment, EnrolmentEntry
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from services.contribution.models import kept_enrolments
from services.contribution.storage.enrolments import KeptEnrolments

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
PERSON = Person(DocumentType.RESIDENT_ID, "450103197806122040", "韦秀兰")
ENTRY = EnrolmentEntry(
    "1", InsuranceType.MEDICAL, "450902", "玉州中心", "number", "14509020000", "450902", "102120001"
)
ENROLMENT = Enrolment("registration-1", PayerKind.RESIDENT, (ENTRY,))
KEPT = KeptEnrolments()


@pytest.fixture(autouse=True)
def nothing_kept(tx: Connection) -> None:
    tx.execute(kept_enrolments.delete())


def test_the_newest_is_kept_with_its_time(tx: Connection) -> None:
    KEPT.keep(tx, PERSON, ENROLMENT, NOW - dt.timedelta(days=1))
    KEPT.keep(tx, PERSON, replace(ENROLMENT, registration_number="registration-2"), NOW)
    assert KEPT.find(tx, PERSON, NOW) == replace(ENROLMENT, registration_number="registration-2", as_of=NOW)
    assert KEPT.find(tx, PERSON, NOW + dt.timedelta(seconds=1)) is None, "too old"


def test_another_name_or_number_finds_nothing(tx: Connection) -> None:
    KEPT.keep(tx, PERSON, ENROLMENT, NOW)
    for other in (replace(PERSON, name="韦秀"), replace(PERSON, document_number="450202198503243121")):
        assert KEPT.find(tx, other, NOW) is None
        KEPT.drop(tx, other)
    assert KEPT.find(tx, PERSON, NOW) is not None
    KEPT.drop(tx, PERSON)
    assert KEPT.find(tx, PERSON, NOW) is None


def test_what_is_too_old_is_forgotten(tx: Connection) -> None:
    KEPT.keep(tx, PERSON, ENROLMENT, NOW - dt.timedelta(days=8))
    KEPT.keep(tx, replace(PERSON, name="韦秀"), ENROLMENT, NOW)
    assert KEPT.prune(tx, NOW - dt.timedelta(days=7)) == 1
    assert KEPT.find(tx, PERSON, NOW - dt.timedelta(days=30)) is None


def test_nothing_of_a_person_can_be_read_in_the_table(tx: Connection) -> None:
    KEPT.keep(tx, PERSON, ENROLMENT, NOW)
    (row,) = tx.execute(text("SELECT * FROM kept_enrolments")).all()
    stored = b"".join(bytes(value) for value in row if isinstance(value, memoryview | bytes))
    for secret in (PERSON.document_number, PERSON.name, "registration-1", ENTRY.agency_name):
        assert secret.encode() not in stored
