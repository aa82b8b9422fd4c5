"""Certificates of a school's students (3.2.1.16).

A list becomes one wish per student, all in one transaction: each has its number before anything is printed, and the
register's own queue carries them out, behind people who wait for their own. So a list that was cut off goes on by
itself, and nobody on it gets a second number.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from contract.audit import Act, Action
from contract.certificate import CertificateFile, CertificateNotIssued, CertificateState
from contract.people import Person
from contract.schools import (
    PAGE,
    ROLL_LIMIT,
    Batches,
    BatchItem,
    BatchItems,
    BatchOfSchool,
    BatchView,
    FindSchools,
    GetBatchFile,
    LinkExpired,
    ListBatches,
    ListBatchItems,
    MakeSchoolLink,
    ReadSchoolLink,
    RollUnreadable,
    School,
    SchoolLink,
    SchoolNotFound,
    Schools,
    SubmitRoll,
)
from kit.crypto import KeyRing, Unreadable, blind_index
from kit.masking import mask_number
from services.certificate.domain import register as domain
from services.certificate.domain.register import Certificate
from services.certificate.domain.rolls import students
from services.certificate.usecases.issuing import new_certificate
from services.certificate.usecases.wiring import Wiring

LINK_LIFE = dt.timedelta(days=180)
_SEALED = "school link"


class Rolls(Protocol):
    """Reads lists; see PressRoom."""

    def roll(self, content: bytes) -> Sequence[Sequence[str]]:
        """The cells of each line. Raises RollUnreadable."""
        ...


@dataclass(frozen=True)
class SchoolDesk:
    """`schools` is a storage.SchoolStorage or a fake of it; `keys` seal links."""

    schools: Any
    rolls: Rolls
    keys: KeyRing


def find_schools(request: FindSchools, desk: SchoolDesk, w: Wiring) -> Schools:
    """The schools a person is authorised for."""
    with w.database.read() as connection:
        return Schools(tuple(desk.schools.of_operator(connection, request.person)))


def submit_roll(request: SubmitRoll, desk: SchoolDesk, w: Wiring) -> BatchView:
    """Keep everybody's wish. Raises SchoolNotFound, RollUnreadable, InvalidPeriod."""
    domain.check_period(request.period_from, request.period_to)
    school = _school(request.person, request.school_id, desk, w)
    people = students(desk.rolls.roll(_content(request.content)))
    listed = "\n".join(f"{person.document_number} {person.name}" for person in people)
    roll_hash, period = hashlib.sha256(listed.encode()).digest(), (request.period_from, request.period_to)
    batch_id, now = str(uuid.uuid4()), w.clock.now()
    with w.database.transaction() as tx:
        fresh = desk.schools.add_batch(
            tx, batch_id=batch_id, school_id=school.school_id, person_id=request.person_id, period_from=period[0],
            period_to=period[1], roll_hash=roll_hash, count=len(people), asked_at=now,
        )  # fmt: skip
        if fresh:
            for position, person in enumerate(people, 1):
                keep_wish(tx, batch_id, position, person, period, w)
        batch = desk.schools.same_batch(tx, school.school_id, roll_hash, period)
    return _view(batch, school, w)


def keep_wish(
    tx: Any, batch_id: str, position: int, person: Person, period: tuple[str, str], w: Wiring
) -> None:
    """One student's wish, under the list's name."""
    owner = owner_of(batch_id)
    asked = new_certificate(owner, person, period, f"{batch_id}:{position}", w)
    asked = replace(asked, batch_id=batch_id, position=position)
    while not w.register.add(tx, asked):
        asked = replace(asked, number=domain.new_number(asked.asked_at.date()))
    w.register.note(tx, asked.certificate_id, "asked", owner, asked.asked_at)


def owner_of(batch_id: str) -> str:
    """Whose the certificates of a list are: the list's, so that no person's own list shows them."""
    return f"batch:{batch_id}"


def get_batch(request: BatchOfSchool, desk: SchoolDesk, w: Wiring) -> BatchView:
    """Raises SchoolNotFound."""
    batch, school = _batch(request.person, request.batch_id, desk, w)
    return _view(batch, school, w)


def list_batches(request: ListBatches, desk: SchoolDesk, w: Wiring) -> Batches:
    """Newest first."""
    with w.database.read() as connection:
        mine = {school.school_id: school for school in desk.schools.of_operator(connection, request.person)}
        found = desk.schools.batches_of(connection, list(mine))
    return Batches(tuple(_view(batch, mine[batch.school_id], w) for batch in found))


def list_batch_items(request: ListBatchItems, desk: SchoolDesk, w: Wiring) -> BatchItems:
    """Raises SchoolNotFound."""
    batch, _ = _batch(request.person, request.batch_id, desk, w)
    with w.database.read() as connection:
        found = w.register.of_batch(connection, batch.batch_id, request.first, PAGE)
    return BatchItems(tuple(_item(one) for one in found))


def get_batch_file(request: GetBatchFile, desk: SchoolDesk, w: Wiring) -> CertificateFile:
    """The sealed file of one student, and a line that it was read. Raises SchoolNotFound, CertificateNotIssued."""
    batch, _ = _batch(request.person, request.batch_id, desk, w)
    with w.database.transaction() as tx:
        found: list[Certificate] = w.register.of_batch(tx, batch.batch_id, request.position, 1)
        issued = found and found[0].state is CertificateState.ISSUED
        content: bytes | None = w.register.file(tx, found[0].certificate_id) if issued else None
        if content is None:
            raise CertificateNotIssued
        w.register.note(tx, found[0].certificate_id, "read", request.person_id, w.clock.now())
    return CertificateFile(found[0].number, base64.b64encode(content).decode())


def make_school_link(request: MakeSchoolLink, desk: SchoolDesk, w: Wiring) -> SchoolLink:
    """Raises SchoolNotFound, InvalidPeriod."""
    domain.check_period(request.period_from, request.period_to)
    school = _school(request.person, request.school_id, desk, w)
    until = (w.clock.now() + LINK_LIFE).date().isoformat()
    said = f"{school.school_id} {request.period_from} {request.period_to} {until}"
    token = desk.keys.seal_text(said, _SEALED)
    return SchoolLink(token, school.name, request.period_from, request.period_to)


def read_school_link(request: ReadSchoolLink, desk: SchoolDesk, w: Wiring) -> SchoolLink:
    """Raises LinkExpired, also once the school's operator is authorised no more."""
    try:
        school_id, period_from, period_to, until = desk.keys.open_text(request.token, _SEALED).split(" ")
    except (Unreadable, ValueError):
        raise LinkExpired from None
    with w.database.read() as connection:
        name: str | None = desk.schools.name(connection, school_id)
    if name is None or dt.date.fromisoformat(until) < w.clock.now().date():
        raise LinkExpired
    return SchoolLink(request.token, name, period_from, period_to)


def _content(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RollUnreadable(field="file") from None
    if not content or len(content) > ROLL_LIMIT:
        raise RollUnreadable(field="file")
    return content


def _school(person: Person, school_id: str, desk: SchoolDesk, w: Wiring) -> School:
    with w.database.read() as connection:
        mine: Sequence[School] = desk.schools.of_operator(connection, person)
    for school in mine:
        if school.school_id == school_id:
            return school
    raise _foreign(person, f"school:{school_id}", w)


def _batch(person: Person, batch_id: str, desk: SchoolDesk, w: Wiring) -> tuple[Any, School]:
    with w.database.read() as connection:
        batch = desk.schools.batch(connection, batch_id)
    if batch is None:
        raise _foreign(person, f"batch:{batch_id}", w)
    return batch, _school(person, batch.school_id, desk, w)


def _foreign(person: Person, target: str, w: Wiring) -> SchoolNotFound:
    """That somebody named a school or a list that is not theirs, or nobody's, is journalled (security.md 4)."""
    who = blind_index("journal.person", f"{person.document_type.value}:{person.document_number}").hex()[:16]
    act = Act(f"visitor:{who}", Action.FOREIGN_ASKED, target, SchoolNotFound.code)
    with w.database.transaction() as tx:
        w.journal.add(tx, act, w.clock.now())
    return SchoolNotFound()


def _view(batch: Any, school: School, w: Wiring) -> BatchView:
    with w.database.read() as connection:
        states = w.register.batch_states(connection, batch.batch_id)
    issued = sum(states.get(state.value, 0) for state in (CertificateState.ISSUED, CertificateState.VOIDED))
    return BatchView(
        batch.batch_id, school.name, batch.period_from, batch.period_to, batch.count, issued,
        states.get(CertificateState.FAILED.value, 0), states.get(CertificateState.WAITING.value, 0), batch.asked_at,
    )  # fmt: skip


def _item(one: Certificate) -> BatchItem:
    person = one.person
    return BatchItem(
        one.position or 0, person.name if person else "", mask_number(person.document_number) if person else "",
        one.number, one.state, one.words,
    )  # fmt: skip
