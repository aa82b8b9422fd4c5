"""What staff do with the register of certificates and the schools (3.2.1.16). Served by certificate.

Everything is of the pooling level of who asks and of those below: a certificate is its authority's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.certificate import (
    CertificateKeyUsed,
    CertificateNotFound,
    CertificateNotIssued,
    CertificateState,
    VoidReasonMissing,
)
from contract.errors import InvalidInput, Refused
from contract.identity import InvalidIdNumber
from contract.rpc import Method
from contract.schools import SchoolNotFound


class PersonForgotten(Refused):
    """The file is past its time, or its person was erased: what a new one would say is not known any more."""

    code = "person_forgotten"
    text = "这份证明的个人信息已经按规定删除，不能代为重新开具，请本人重新申请。"


class SchoolFieldMissing(InvalidInput):
    """A school needs its name, and its operator's name and ID number."""

    code = "school_field_missing"
    text = "请填写学校名称、经办人姓名和18位身份证号码。"


@dataclass(frozen=True)
class CertificateNumbered:
    """One certificate by the number printed on it."""

    number: str


@dataclass(frozen=True)
class CertificateAct:
    """One line of its history; `act` is Chinese, `actor` a member of staff, 本人 or empty."""

    at: dt.datetime
    act: str
    actor: str
    note: str


@dataclass(frozen=True)
class CertificateSeen:
    """A certificate as staff see it, masked; `total` in fen. `replaced_by` is the number of what took its place."""

    number: str
    state: CertificateState
    name: str
    document_number: str
    period_from: str
    period_to: str
    authority_name: str
    total: int
    line_count: int
    asked_at: dt.datetime
    issued_at: dt.datetime | None
    voided_at: dt.datetime | None
    void_reason: str
    replaced_by: str
    words: str
    acts: tuple[CertificateAct, ...]


@dataclass(frozen=True)
class VoidCertificate:
    """Take an issued certificate back."""

    number: str
    reason: str


@dataclass(frozen=True)
class ReissueCertificate:
    """作废重开 for its person. The key stands for the new one."""

    number: str
    reason: str
    idempotency_key: str


@dataclass(frozen=True)
class ListAuthorised:
    """The schools whose operators may ask for their students' certificates."""


@dataclass(frozen=True)
class AuthorisedSchool:
    """One authorisation; whose it is is kept as an index only."""

    school_id: str
    name: str
    authorised_by: str
    authorised_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True)
class AuthorisedSchools:
    """Newest first, 200 at most."""

    schools: tuple[AuthorisedSchool, ...]


@dataclass(frozen=True)
class AuthoriseSchool:
    """Let a person ask for a school's students. The same again, while it is in force, is the same authorisation."""

    name: str
    operator_name: str
    operator_number: str


@dataclass(frozen=True)
class SchoolNamed:
    """One authorisation."""

    school_id: str


@dataclass(frozen=True)
class ListSeals:
    """The certificates seals and their trust rest on."""


@dataclass(frozen=True)
class SealCertificate:
    """One X.509 certificate: what it is for, whose it is, until when it holds."""

    title: str
    subject: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class SealCertificates:
    """The first to expire first. Seals of a platform are known from the last file each of them sealed."""

    certificates: tuple[SealCertificate, ...]


find_certificate = Method(
    "certificate",
    "find_certificate",
    CertificateNumbered,
    CertificateSeen,
    errors=(CertificateNotFound,),
    command=True,
)
"""A command, because every look is recorded."""
void_certificate = Method(
    "certificate", "void_certificate", VoidCertificate, CertificateSeen,
    errors=(CertificateNotFound, CertificateNotIssued, VoidReasonMissing), command=True,
)  # fmt: skip
reissue_certificate = Method(
    "certificate", "reissue_certificate", ReissueCertificate, CertificateSeen,
    errors=(CertificateNotFound, CertificateNotIssued, CertificateKeyUsed, VoidReasonMissing, PersonForgotten),
    command=True,
)  # fmt: skip
"""The answer is the new one."""
list_authorised = Method("certificate", "list_authorised", ListAuthorised, AuthorisedSchools)
authorise_school = Method(
    "certificate",
    "authorise_school",
    AuthoriseSchool,
    AuthorisedSchool,
    errors=(SchoolFieldMissing, InvalidIdNumber),
    command=True,
)
end_school = Method(
    "certificate", "end_school", SchoolNamed, AuthorisedSchool, errors=(SchoolNotFound,), command=True
)
list_seals = Method("certificate", "list_seals", ListSeals, SealCertificates)
