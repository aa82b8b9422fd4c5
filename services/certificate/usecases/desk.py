"""What staff do with the register and the schools, held to the pooling level they work for (docs/adr/0026).

A certificate is its authority's, a school that of the level that authorised it. What lies beyond is not found.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from contract.audit import Act, Action
from contract.audit import staff as by_staff
from contract.certificate import CertificateNotFound, ReplaceCertificate
from contract.identity import InvalidIdNumber
from contract.people import DocumentType, Person, check_digit
from contract.register import (
    AuthorisedSchool,
    AuthorisedSchools,
    AuthoriseSchool,
    CertificateAct,
    CertificateNumbered,
    CertificateSeen,
    ListAuthorised,
    ListSeals,
    PersonForgotten,
    ReissueCertificate,
    SchoolFieldMissing,
    SchoolNamed,
    SealCertificate,
    SealCertificates,
    VoidCertificate,
)
from contract.schools import School, SchoolNotFound
from contract.staff import Staff, reach_of
from kit.masking import mask_name, mask_number
from services.certificate.domain.register import Certificate
from services.certificate.usecases import issuing
from services.certificate.usecases.wiring import Wiring

ACTS = {
    "asked": "申请开具", "described": "取得缴费记录", "issued": "开具", "read": "下载", "replaced": "作废重开",
    "voided": "作废", "failed": "开具失败", "waiting": "等待重试",
}  # fmt: skip
"""What a line of a certificate's history tells."""

_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")

_log = logging.getLogger(__name__)


def find_certificate(request: CertificateNumbered, staff: Staff, w: Wiring, journal: Any) -> CertificateSeen:
    """A certificate of the level by its number, with its history; the look is journalled. Raises
    CertificateNotFound."""
    with w.database.transaction() as tx:
        found = _within(tx, request.number, staff, w)
        target = f"certificate:{found.number}"
        journal.add(tx, Act(by_staff(staff.account), Action.CERTIFICATE_READ, target), w.clock.now())
        return _seen(tx, found, w)


def void_certificate(request: VoidCertificate, staff: Staff, w: Wiring) -> CertificateSeen:
    """Raises CertificateNotFound, CertificateNotIssued, VoidReasonMissing."""
    with w.database.transaction() as tx:
        number = _within(tx, request.number, staff, w).number
    issuing.void(number, request.reason, staff.account, w.database, w.register, w.clock)
    with w.database.transaction() as tx:
        return _seen(tx, _within(tx, number, staff, w), w)


def reissue_certificate(request: ReissueCertificate, staff: Staff, w: Wiring) -> CertificateSeen:
    """作废重开 for the person it is about; the new one is shown. Raises CertificateNotFound, CertificateNotIssued,
    CertificateKeyUsed, VoidReasonMissing, PersonForgotten."""
    with w.database.transaction() as tx:
        old = _within(tx, request.number, staff, w)
    if old.person is None:
        raise PersonForgotten()
    asked = ReplaceCertificate(
        old.person_id, old.person, old.certificate_id, request.reason, request.idempotency_key
    )
    new = issuing.replace_certificate(asked, w)
    with w.database.transaction() as tx:
        w.register.note(tx, new.certificate_id, "asked", staff.account, w.clock.now(), "工作人员代为重新开具")
        # The new one has no authority before it is carried out, and is shown to who asked for it all the same.
        return _seen(tx, w.register.lock(tx, new.certificate_id), w)


def list_authorised(request: ListAuthorised, staff: Staff, w: Wiring, schools: Any) -> AuthorisedSchools:
    """The level's schools, newest first."""
    with w.database.read() as connection:
        return AuthorisedSchools(tuple(schools.authorised(connection, reach_of(staff.pooling_code))))


def operator_of(name: str, number: str) -> Person:
    """Whom a school's students are to be asked for by, as typed by staff. Raises SchoolFieldMissing, or
    InvalidIdNumber: who is mistyped here would never find the school."""
    name, number = name.strip(), number.strip().upper()
    if not name or not _NUMBER.fullmatch(number):
        raise SchoolFieldMissing(field="operator_number")
    if number[17] != check_digit(number):
        raise InvalidIdNumber(field="operator_number")
    return Person(DocumentType.RESIDENT_ID, number, name)


def authorise_school(request: AuthoriseSchool, staff: Staff, w: Wiring, schools: Any) -> AuthorisedSchool:
    """Let a person ask for a school's students. Raises SchoolFieldMissing, InvalidIdNumber."""
    name, now = request.name.strip(), w.clock.now()
    person = operator_of(request.operator_name, request.operator_number)
    if not name:
        raise SchoolFieldMissing(field="name")
    with w.database.transaction() as tx:
        known = next((one for one in schools.of_operator(tx, person) if one.name == name), None)
        if known is None:
            known = School(str(uuid.uuid4()), name)
            schools.authorise(tx, known, person, staff.account, now, staff.pooling_code)
        found: AuthorisedSchool = schools.authorisation(tx, known.school_id, "")
    return found


def end_school(request: SchoolNamed, staff: Staff, w: Wiring, schools: Any) -> AuthorisedSchool:
    """Take an authorisation of the level back; one that has ended stays as it is. Raises SchoolNotFound."""
    with w.database.transaction() as tx:
        found: AuthorisedSchool | None = schools.authorisation(
            tx, request.school_id, reach_of(staff.pooling_code)
        )
        if found is None:
            raise SchoolNotFound("没有找到这所学校的授权。")
        if found.ended_at is None:
            schools.end(tx, request.school_id, staff.account, w.clock.now())
        ended: AuthorisedSchool = schools.authorisation(tx, request.school_id, "")
    return ended


def list_seals(
    request: ListSeals,
    w: Wiring,
    known: Iterable[SealCertificate],
    of_file: Callable[[bytes], SealCertificate | None],
) -> SealCertificates:
    """What is `known` of settings and key files, and the signers of the last file of every authority; the first to
    expire first."""
    with w.database.read() as connection:
        signers = [of_file(content) for content in w.register.latest_files(connection)]
    found = {*known, *(one for one in signers if one is not None)}
    return SealCertificates(tuple(sorted(found, key=lambda one: (one.expires_at, one.subject))))


def _within(tx: Any, number: str, staff: Staff, w: Wiring) -> Certificate:
    found: Certificate | None = w.register.of_number(tx, number.strip().upper())
    if found is None:
        raise CertificateNotFound()
    if not staff.reaches(found.authority_code[1:7]):
        _log.warning("a certificate of another pooling level was asked for", extra={"number": found.number})
        raise CertificateNotFound()
    return found


def _seen(tx: Any, one: Certificate, w: Wiring) -> CertificateSeen:
    acts = tuple(
        CertificateAct(
            act.at, ACTS.get(act.act, act.act), "本人" if act.actor == one.person_id else act.actor, act.note
        )
        for act in w.register.acts(tx, one.certificate_id)
    )
    following: Certificate | None = w.register.lock(tx, one.replaced_by) if one.replaced_by else None
    person = one.person
    return CertificateSeen(
        one.number, one.state, mask_name(person.name) if person else "",
        mask_number(person.document_number) if person else "", one.period_from, one.period_to, one.authority_name,
        one.total, one.line_count, one.asked_at, one.issued_at, one.voided_at, one.void_reason,
        following.number if following else "", one.words, acts,
    )  # fmt: skip
