"""缴费证明 (3.2.1.16): issued with the authority's seal, read again, replaced. Served by certificate.

Every request about a person's certificate names the person, and another person's is not found (security.md 4). Who asks
names a period, never an amount.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from contract.people import Person
from contract.records import InvalidPeriod
from contract.rpc import Method


class CertificateState(enum.StrEnum):
    """waiting → issued | failed; issued → voided."""

    WAITING = "waiting"
    ISSUED = "issued"
    FAILED = "failed"
    VOIDED = "voided"

    @property
    def label(self) -> str:
        return {"waiting": "正在开具", "issued": "已开具", "failed": "没有开具", "voided": "已作废"}[
            self.value
        ]


class CertificateNotFound(NotFound):
    """No such certificate of this person."""

    code = "certificate_not_found"
    text = "没有找到这份缴费证明。"


class CertificateNotIssued(Refused):
    """Only an issued certificate can be read or replaced."""

    code = "certificate_not_issued"
    text = "这份缴费证明现在不能使用，请查看它的最新状态。"


class CertificateKeyUsed(Conflict):
    """The same idempotency key came with another period; `detail["certificate_id"]` names what it became."""

    code = "certificate_key_used"
    text = "您的请求与之前提交的内容不一致，请查看已经申请的缴费证明。"


class VoidReasonMissing(InvalidInput):
    """Voiding and replacing need a reason of 2 to 100 characters, which is kept."""

    code = "void_reason_missing"
    text = "请填写2到100个字的作废原因。"


class GlyphMissing(Refused):
    """A name or word has a character the certificate's font cannot print; the text names it."""

    code = "glyph_missing"
    text = "姓名或者机构名称里有字库没有的字，暂时不能在线开具，请到办税服务厅开具。"


class SealUnavailable(Unavailable):
    """The seal did not answer, or what it answered is no signature of the right authority. Nothing was issued."""

    code = "seal_unavailable"
    text = "电子签章系统暂时没有响应，缴费证明还没有开具，请稍后再看。"


class SealRefused(Refused):
    """The seal platform will not sign for this authority, or the authority has no seal here."""

    code = "seal_refused"
    text = "您的主管税务机关还没有启用电子签章，暂时不能在线开具，请到办税服务厅开具。"


@dataclass(frozen=True)
class IssueCertificate:
    """Ask for the certificate of what `person`, who is logged in, paid from 所属期 `period_from` to `period_to`
    (yyyyMM, both included)."""

    person_id: str
    person: Person
    period_from: str
    period_to: str
    idempotency_key: str


@dataclass(frozen=True)
class CertificateOfPerson:
    """One certificate, named by its person."""

    person_id: str
    certificate_id: str


@dataclass(frozen=True)
class ReplaceCertificate:
    """作废重开: void an issued one and ask for another of the same period. The key stands for the new one."""

    person_id: str
    person: Person
    certificate_id: str
    reason: str
    idempotency_key: str


@dataclass(frozen=True)
class CertificateView:
    """A certificate as its person may see it. `total` in fen, of `line_count` contributions; both 0 until it is issued.

    `words` says why it waits or failed; `replaced_by` is the certificate that took its place.
    """

    certificate_id: str
    number: str
    state: CertificateState
    period_from: str
    period_to: str
    authority_name: str
    total: int
    line_count: int
    pages: int
    asked_at: dt.datetime
    issued_at: dt.datetime | None
    voided_at: dt.datetime | None
    void_reason: str
    replaced_by: str
    readable: bool
    words: str


@dataclass(frozen=True)
class ListCertificates:
    """The person's certificates."""

    person_id: str


@dataclass(frozen=True)
class Certificates:
    """Newest first, 100 at most."""

    certificates: tuple[CertificateView, ...]


@dataclass(frozen=True)
class CertificateFile:
    """The PDF as it was sealed, the same bytes every time, in base64."""

    number: str
    content: str


@dataclass(frozen=True)
class PreviewCertificate:
    """One page, from 1."""

    person_id: str
    certificate_id: str
    page: int


@dataclass(frozen=True)
class CertificatePicture:
    """A page as a PNG in base64."""

    content: str


issue_certificate = Method(
    "certificate", "issue_certificate", IssueCertificate, CertificateView,
    errors=(InvalidPeriod, CertificateKeyUsed), command=True,
)  # fmt: skip
"""The answer says that the wish is kept under a number; it is issued by itself. While one of the same period waits, it
is that one."""
get_certificate = Method(
    "certificate", "get_certificate", CertificateOfPerson, CertificateView, errors=(CertificateNotFound,)
)
list_certificates = Method("certificate", "list_certificates", ListCertificates, Certificates)
get_certificate_file = Method(
    "certificate", "get_certificate_file", CertificateOfPerson, CertificateFile,
    errors=(CertificateNotFound, CertificateNotIssued),
)  # fmt: skip
preview_certificate = Method(
    "certificate", "preview_certificate", PreviewCertificate, CertificatePicture,
    errors=(CertificateNotFound, CertificateNotIssued), deadline=8.0,
)  # fmt: skip
replace_certificate = Method(
    "certificate", "replace_certificate", ReplaceCertificate, CertificateView,
    errors=(CertificateNotFound, CertificateNotIssued, CertificateKeyUsed, VoidReasonMissing), command=True,
)  # fmt: skip
