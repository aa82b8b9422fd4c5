"""A person's certificates, read again: the same bytes every time."""

from __future__ import annotations

import base64

from contract.certificate import (
    CertificateFile,
    CertificateNotIssued,
    CertificateOfPerson,
    CertificatePicture,
    Certificates,
    CertificateState,
    CertificateView,
    ListCertificates,
    PreviewCertificate,
)
from services.certificate.usecases.issuing import find, view_of
from services.certificate.usecases.wiring import Wiring

PICTURE_WIDTH = 1080


def get_certificate(request: CertificateOfPerson, w: Wiring) -> CertificateView:
    """Raises CertificateNotFound."""
    return view_of(find(request, w), w)


def list_certificates(request: ListCertificates, w: Wiring) -> Certificates:
    """Newest first."""
    with w.database.read() as connection:
        found = w.register.of_person(connection, request.person_id)
    return Certificates(tuple(view_of(one, w) for one in found))


def get_file(request: CertificateOfPerson, w: Wiring) -> CertificateFile:
    """The sealed file, and a line that it was read. Raises CertificateNotFound, CertificateNotIssued."""
    number, content = _file(request, w)
    with w.database.transaction() as tx:
        w.register.note(tx, request.certificate_id, "read", request.person_id, w.clock.now())
    return CertificateFile(number, base64.b64encode(content).decode())


def preview(request: PreviewCertificate, w: Wiring) -> CertificatePicture:
    """A page as a picture. Raises CertificateNotFound, CertificateNotIssued."""
    _, content = _file(CertificateOfPerson(request.person_id, request.certificate_id), w)
    return CertificatePicture(
        base64.b64encode(w.press.picture(content, request.page, PICTURE_WIDTH)).decode()
    )


def _file(request: CertificateOfPerson, w: Wiring) -> tuple[str, bytes]:
    certificate = find(request, w)
    if certificate.state not in (CertificateState.ISSUED, CertificateState.VOIDED):
        raise CertificateNotIssued
    with w.database.read() as connection:
        content: bytes | None = w.register.file(connection, certificate.certificate_id)
    if content is None:
        raise CertificateNotIssued("这份缴费证明的文件已经超过保存期限，请重新开具。")
    return certificate.number, content
