"""Certificates of contributions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CertificateWanted:
    """所属期 as yyyyMM, both included."""

    period_from: str
    period_to: str


@dataclass(frozen=True)
class ReplacementWanted:
    """Why the certificate is voided, in 2 to 100 characters."""

    reason: str


@dataclass(frozen=True)
class NumberToCheck:
    """As they are printed on the certificate."""

    number: str
    check_code: str


@dataclass(frozen=True)
class FileToCheck:
    """The PDF in base64."""

    content: str
