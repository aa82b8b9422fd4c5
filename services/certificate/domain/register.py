"""A certificate's life: asked for, issued or not, voided, replaced."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass, replace
from typing import Final

from contract.certificate import CertificateNotIssued, CertificateState, VoidReasonMissing
from contract.people import Person
from contract.records import InvalidPeriod
from services.certificate.domain.content import Content

LEASE: Final = dt.timedelta(seconds=60)
"""How long who issues a certificate may keep it from others; longer than the tax core, press and platform together."""

FIRST_RETRY: Final = dt.timedelta(seconds=2)
LONGEST_RETRY: Final = dt.timedelta(minutes=5)
GIVE_UP: Final = dt.timedelta(hours=24)

_MONTH = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Certificate:
    """One row of the register. `person` and `content` are None once the file is too old to be kept."""

    certificate_id: str
    number: str
    check_code: str
    person_id: str
    idempotency_key: str
    person: Person | None
    period_from: str
    period_to: str
    asked_at: dt.datetime
    due_at: dt.datetime | None
    batch_id: str | None = None
    position: int | None = None
    state: CertificateState = CertificateState.WAITING
    words: str = ""
    content: Content | None = None
    authority_code: str = ""
    authority_name: str = ""
    total: int = 0
    line_count: int = 0
    pages: int = 0
    file_hash: bytes | None = None
    attempts: int = 0
    issued_at: dt.datetime | None = None
    voided_at: dt.datetime | None = None
    void_reason: str = ""
    replaced_by: str = ""


def new_number(day: dt.date) -> str:
    """A certificate number: GX, the day, ten random digits. The register refuses one it has."""
    return f"GX{day:%Y%m%d}{secrets.randbelow(10**10):010d}"


def new_check_code() -> str:
    """Ten digits nobody can guess; how often anybody may try is limited (usecases.checking)."""
    return f"{secrets.randbelow(10**10):010d}"


def check_period(period_from: str, period_to: str) -> None:
    """Raises InvalidPeriod unless both are months and the first is not after the last."""
    for field, month in (("period_from", period_from), ("period_to", period_to)):
        if not _MONTH.fullmatch(month):
            raise InvalidPeriod(field=field)
    if period_from > period_to:
        raise InvalidPeriod(field="period_to")


def described(certificate: Certificate, content: Content) -> Certificate:
    """With what it will say; from now on it says nothing else."""
    return replace(
        certificate, content=content, authority_code=content.authority_code, authority_name=content.authority_name,
        total=content.total, line_count=len(content.lines),
    )  # fmt: skip


def issued(certificate: Certificate, file_hash: bytes, pages: int) -> Certificate:
    """waiting → issued."""
    assert certificate.content is not None
    return replace(
        certificate, state=CertificateState.ISSUED, words="", file_hash=file_hash, pages=pages, due_at=None,
        issued_at=certificate.content.issued_at,
    )  # fmt: skip


def refused(certificate: Certificate, words: str) -> Certificate:
    """waiting → failed, for a reason that trying again does not mend."""
    return replace(certificate, state=CertificateState.FAILED, words=words, due_at=None)


def put_off(certificate: Certificate, words: str, now: dt.datetime) -> Certificate:
    """Somebody did not answer: later, until it is no use any more."""
    if now - certificate.asked_at > GIVE_UP:
        return refused(certificate, words)
    pause = min(FIRST_RETRY * (1 << min(certificate.attempts, 10)), LONGEST_RETRY)
    return replace(certificate, words=words, attempts=certificate.attempts + 1, due_at=now + pause)


def voided(certificate: Certificate, reason: str, now: dt.datetime, replaced_by: str = "") -> Certificate:
    """issued → voided. Raises CertificateNotIssued, VoidReasonMissing."""
    if certificate.state is not CertificateState.ISSUED:
        raise CertificateNotIssued
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= 100:
        raise VoidReasonMissing(field="reason")
    return replace(
        certificate, state=CertificateState.VOIDED, void_reason=reason, voided_at=now, replaced_by=replaced_by
    )
