"""Checking (3.2.1.16): anybody may ask, so often; the answer says what was looked at."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from contract.certificate import CertificateState
from contract.checking import (
    UPLOAD_LIMIT,
    CertificateFacts,
    CheckCertificate,
    Checked,
    CheckFieldMissing,
    CheckFile,
    Finding,
    NotACertificate,
    TooManyChecks,
    Verdict,
)
from kit.masking import mask_name, mask_number
from services.certificate.domain import verdicts
from services.certificate.domain.register import Certificate
from services.certificate.usecases.wiring import Wiring

RETRY_AFTER = 3600

_NUMBER = re.compile(r"GX[0-9]{18}")
_CODE = re.compile(r"[0-9]{10}")
_NOBODY = Checked(
    Verdict.UNKNOWN,
    (Finding("没有这个证明编号，或者校验码不对。请逐位核对证明上的编号和校验码。", False),),
    None,
)


@dataclass(frozen=True)
class Limits:
    """Within an hour: checks of one address, wrong codes of one number. `counts` is a storage.CheckCounts."""

    counts: Any
    checks: int
    wrong_codes: int


def check_certificate(request: CheckCertificate, limits: Limits, w: Wiring) -> Checked:
    """By number and code. A wrong code and a number nobody has are one answer. Raises CheckFieldMissing,
    TooManyChecks."""
    number, code = "".join(request.number.split()).upper(), "".join(request.check_code.split())
    if not _NUMBER.fullmatch(number):
        raise CheckFieldMissing(field="number")
    if not _CODE.fullmatch(code):
        raise CheckFieldMissing(field="code")
    _admit(request.asker, limits, w)
    now = w.clock.now()
    with w.database.transaction() as tx:
        if limits.counts.read(tx, f"number {number}", now) >= limits.wrong_codes:
            raise TooManyChecks(retry_after=RETRY_AFTER)
        found: Certificate | None = w.register.of_number(tx, number)
        known = found is not None and hmac.compare_digest(found.check_code.encode(), code.encode())
        if not known:
            limits.counts.add(tx, f"number {number}", now)
    if found is None or not known or found.state not in (CertificateState.ISSUED, CertificateState.VOIDED):
        return _NOBODY
    verdict, findings = verdicts.judge_number(found)
    return Checked(verdict, findings, _facts(found))


def check_file(request: CheckFile, limits: Limits, w: Wiring) -> Checked:
    """By the file. Raises NotACertificate, TooManyChecks."""
    _admit(request.asker, limits, w)
    try:
        content = base64.b64decode(request.content, validate=True)
    except binascii.Error:
        raise NotACertificate(field="file") from None
    if not content.startswith(b"%PDF-") or len(content) > UPLOAD_LIMIT:
        raise NotACertificate(field="file")
    found = w.press.inspect(content, w.lists.current(), w.clock.now())
    with w.database.read() as connection:
        registered: Certificate | None = (
            w.register.of_number(connection, found.number) if found.number else None
        )
    same = registered is not None and registered.file_hash == hashlib.sha256(content).digest()
    authority = w.authorities.of(registered.authority_code) if registered else None
    expected = authority.organ_code if authority else "nobody"
    verdict, findings = verdicts.judge_file(found, registered, expected, same)
    # What the register says is told only to who holds the very file.
    return Checked(verdict, findings, _facts(registered) if registered is not None and same else None)


def _admit(asker: str, limits: Limits, w: Wiring) -> None:
    with w.database.transaction() as tx:
        asked = limits.counts.add(tx, f"address {asker}", w.clock.now())
    if asked > limits.checks:
        raise TooManyChecks(retry_after=RETRY_AFTER)


def _facts(certificate: Certificate) -> CertificateFacts | None:
    """None once the certificate is too old for anything but its number to be kept."""
    content = certificate.content
    if content is None:
        return None
    masked = content.document_number
    return CertificateFacts(
        certificate.number, mask_name(content.name), masked if "*" in masked else mask_number(masked),
        content.period_from, content.period_to, len(content.lines), content.total, content.authority_name,
        content.issued_at,
    )  # fmt: skip
