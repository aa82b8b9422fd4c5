"""Certificates of a school's students (3.2.1.16): by a list, or by a link each student follows. Served by certificate.

Who asks names themselves, logged in; a tax authority has authorised them for their school, and nobody else finds it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.certificate import CertificateFile, CertificateNotIssued, CertificateState
from contract.errors import InvalidInput, NotFound
from contract.people import Person
from contract.records import InvalidPeriod
from contract.rpc import Method

ROLL_LIMIT = 300 * 1024
"""Bytes of a list, so that it fits a message."""
MOST_STUDENTS = 2000
PAGE = 200
"""Items of a batch in one answer."""


class SchoolNotFound(NotFound):
    """No such school or batch of this operator."""

    code = "school_not_found"
    text = "没有找到这所学校或者这份名单。学校经办人由税务机关登记，有疑问请联系主管税务机关。"


class RollUnreadable(InvalidInput):
    """The list cannot be used; the text says where and why, and nothing was asked for."""

    code = "roll_unreadable"
    text = "名单读不出来。请用电子表格，第一列填姓名，第二列填身份证号码。没有开具任何证明。"


class LinkExpired(NotFound):
    """The link is not ours, or too old."""

    code = "school_link_expired"
    text = "这个链接已经失效，请向学校要新的链接，或者从首页进入“缴费证明”自己开具。"


@dataclass(frozen=True)
class FindSchools:
    """The schools a person is authorised for."""

    person: Person


@dataclass(frozen=True)
class School:
    """One of them."""

    school_id: str
    name: str


@dataclass(frozen=True)
class Schools:
    """Mostly none."""

    schools: tuple[School, ...]


@dataclass(frozen=True)
class SubmitRoll:
    """Ask for the certificates of all on a list (`content` in base64, ROLL_LIMIT bytes at most) for a period."""

    person_id: str
    person: Person
    school_id: str
    period_from: str
    period_to: str
    content: str


@dataclass(frozen=True)
class BatchOfSchool:
    """One list, named by its operator."""

    person: Person
    batch_id: str


@dataclass(frozen=True)
class BatchView:
    """How far a list is."""

    batch_id: str
    school_name: str
    period_from: str
    period_to: str
    count: int
    issued: int
    failed: int
    waiting: int
    asked_at: dt.datetime


@dataclass(frozen=True)
class ListBatches:
    """The lists of an operator's schools."""

    person: Person


@dataclass(frozen=True)
class Batches:
    """Newest first, 50 at most."""

    batches: tuple[BatchView, ...]


@dataclass(frozen=True)
class ListBatchItems:
    """PAGE items from a position on, counted from 1."""

    person: Person
    batch_id: str
    first: int


@dataclass(frozen=True)
class BatchItem:
    """One student: the name as the list has it, the number masked."""

    position: int
    name: str
    document_number: str
    number: str
    state: CertificateState
    words: str


@dataclass(frozen=True)
class BatchItems:
    """In the order of the list."""

    items: tuple[BatchItem, ...]


@dataclass(frozen=True)
class GetBatchFile:
    """The certificate of one student."""

    person_id: str
    person: Person
    batch_id: str
    position: int


@dataclass(frozen=True)
class MakeSchoolLink:
    """A link for the students of a school and a period."""

    person: Person
    school_id: str
    period_from: str
    period_to: str


@dataclass(frozen=True)
class SchoolLink:
    """`token` goes into an address and names nobody."""

    token: str
    school_name: str
    period_from: str
    period_to: str


@dataclass(frozen=True)
class ReadSchoolLink:
    """What a link says."""

    token: str


find_schools = Method("certificate", "find_schools", FindSchools, Schools)
submit_roll = Method(
    "certificate", "submit_roll", SubmitRoll, BatchView, errors=(SchoolNotFound, RollUnreadable, InvalidPeriod),
    deadline=15.0, command=True,
)  # fmt: skip
"""The same list and period is the same batch: uploading again goes on where it was."""
get_batch = Method("certificate", "get_batch", BatchOfSchool, BatchView, errors=(SchoolNotFound,))
list_batches = Method("certificate", "list_batches", ListBatches, Batches)
list_batch_items = Method(
    "certificate", "list_batch_items", ListBatchItems, BatchItems, errors=(SchoolNotFound,)
)
get_batch_file = Method(
    "certificate",
    "get_batch_file",
    GetBatchFile,
    CertificateFile,
    errors=(SchoolNotFound, CertificateNotIssued),
)
make_school_link = Method(
    "certificate", "make_school_link", MakeSchoolLink, SchoolLink, errors=(SchoolNotFound, InvalidPeriod)
)
read_school_link = Method(
    "certificate", "read_school_link", ReadSchoolLink, SchoolLink, errors=(LinkExpired,)
)
