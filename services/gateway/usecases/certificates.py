"""缴费证明 (3.2.1.16): asked for, read, replaced; and checked by anybody."""

from __future__ import annotations

import base64

from contract import certificate, checking
from contract.certificate import (
    CertificateOfPerson,
    CertificateView,
    IssueCertificate,
    PreviewCertificate,
    ReplaceCertificate,
)
from contract.checking import UPLOAD_LIMIT, CheckCertificate, Checked, CheckFile, NotACertificate
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.usecases.ports import Ports


def issue_certificate(
    payer: LoggedInPayer, period_from: str, period_to: str, key: str, ports: Ports
) -> CertificateView:
    """The certificate of the payer's own contributions. Raises what certificate.issue_certificate raises."""
    asked = IssueCertificate(payer.person_id, payer.person, period_from, period_to, key)
    return ports.peers.call(certificate.issue_certificate, asked)


def replace_certificate(
    payer: LoggedInPayer, certificate_id: str, reason: str, key: str, ports: Ports
) -> CertificateView:
    """作废重开. Raises what certificate.replace_certificate raises."""
    asked = ReplaceCertificate(payer.person_id, payer.person, certificate_id, reason, key)
    return ports.peers.call(certificate.replace_certificate, asked)


def read_file(named: CertificateOfPerson, ports: Ports) -> tuple[str, bytes]:
    """Number and bytes of the sealed PDF. Raises CertificateNotFound, CertificateNotIssued."""
    found = ports.peers.call(certificate.get_certificate_file, named)
    return found.number, base64.b64decode(found.content)


def read_picture(named: CertificateOfPerson, page: int, ports: Ports) -> bytes:
    """A page as a PNG. Raises CertificateNotFound, CertificateNotIssued."""
    asked = PreviewCertificate(named.person_id, named.certificate_id, page)
    return base64.b64decode(ports.peers.call(certificate.preview_certificate, asked).content)


def check_certificate(number: str, code: str, address: str, ports: Ports) -> Checked:
    """Raises CheckFieldMissing, TooManyChecks."""
    return ports.peers.call(checking.check_certificate, CheckCertificate(number[:40], code[:40], address))


def check_file(content: bytes, address: str, ports: Ports) -> Checked:
    """Raises NotACertificate, TooManyChecks."""
    if not content or len(content) > UPLOAD_LIMIT:
        raise NotACertificate(field="file")
    return ports.peers.call(checking.check_file, CheckFile(base64.b64encode(content).decode(), address))
