"""Checking a certificate (3.2.1.16): anybody may, by number and check code or by the file. Served by certificate."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from contract.errors import InvalidInput, TooMany
from contract.rpc import Method

UPLOAD_LIMIT = 400 * 1024
"""Bytes of a file to be checked, so that it fits a message; a certificate has 120 KB at most."""


class Verdict(enum.StrEnum):
    """What checking came to. `unsure`: what is needed to tell did not answer."""

    VALID = "valid"
    VOIDED = "voided"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    UNTRUSTED = "untrusted"
    UNSURE = "unsure"

    @property
    def label(self) -> str:
        return {
            "valid": "这份证明有效",
            "voided": "这份证明已经作废",
            "unknown": "没有这份证明",
            "changed": "这个文件不是原来的证明",
            "untrusted": "这份证明的签章不可信",
            "unsure": "现在不能确定，请稍后再验证",
        }[self.value]


class NotACertificate(InvalidInput):
    """The upload is no PDF, or larger than a certificate can be."""

    code = "not_a_certificate"
    text = "请选择下载的缴费证明原文件，不是照片、截图或者打印件的扫描。"


class CheckFieldMissing(InvalidInput):
    """Number or check code is missing or malformed."""

    code = "check_field_missing"
    text = "请填写证明上的证明编号和10位校验码。"


class TooManyChecks(TooMany):
    """One address checked too often, or one number was tried too often with wrong codes."""

    code = "too_many_checks"
    text = "验证过于频繁，请一小时以后再试。"


@dataclass(frozen=True)
class CheckCertificate:
    """By number and check code. `asker` is the address it is asked from; it is counted and not kept in clear."""

    number: str
    check_code: str
    asker: str


@dataclass(frozen=True)
class CheckFile:
    """By the PDF in base64, UPLOAD_LIMIT bytes at most."""

    content: str
    asker: str


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, in plain words. `good` is None where it could not be told."""

    text: str
    good: bool | None


@dataclass(frozen=True)
class CertificateFacts:
    """What the register says of a certificate, masked, for comparing with the paper. `total` in fen."""

    number: str
    name: str
    document_number: str
    period_from: str
    period_to: str
    line_count: int
    total: int
    authority_name: str
    issued_at: dt.datetime


@dataclass(frozen=True)
class Checked:
    """The verdict with what it rests on; `facts` only where the asker holds the certificate or its codes."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    facts: CertificateFacts | None


check_certificate = Method(
    "certificate", "check_certificate", CheckCertificate, Checked, errors=(CheckFieldMissing, TooManyChecks)
)
check_file = Method(
    "certificate", "check_file", CheckFile, Checked, errors=(NotACertificate, TooManyChecks), deadline=10.0
)
