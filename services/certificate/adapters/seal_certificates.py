"""Until when seals and their roots hold: X.509 certificates out of settings, key files and sealed pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from contract.register import SealCertificate

_SIGNATURE = re.compile(rb"/Contents\s*<([0-9A-Fa-f]+)>")


def of_roots(roots: Sequence[str]) -> Iterator[SealCertificate]:
    """Trusted roots, DER in base64 as the settings have them."""
    for root in roots:
        yield _told("信任的根证书", x509.load_der_x509_certificate(base64.b64decode(root)))


def of_keys(directory: str) -> Iterator[SealCertificate]:
    """The first certificate of every key file; nothing where keys are elsewhere."""
    for path in sorted(Path(directory).glob("*.pem")) if directory else ():
        yield _told("电子印章证书", x509.load_pem_x509_certificates(path.read_bytes())[0])


def of_file(pdf: bytes) -> SealCertificate | None:
    """The signer's certificate out of a sealed page."""
    found = _SIGNATURE.findall(pdf)
    if not found:
        return None
    bundle = pkcs7.load_der_pkcs7_certificates(_whole(bytes.fromhex(found[-1].decode())))
    signers = [one for one in bundle if not _is_authority(one)]
    return _told("电子印章证书", signers[0]) if signers else None


def _whole(der: bytes) -> bytes:
    """A DER value without the zeros that fill its place in the file."""
    length, begins = der[1], 2
    if length & 0x80:
        begins += length & 0x7F
        length = int.from_bytes(der[2:begins])
    return der[: begins + length]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _told(title: str, certificate: x509.Certificate) -> SealCertificate:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    subject = str(names[0].value) if names else certificate.subject.rfc4514_string()
    return SealCertificate(title, subject, certificate.not_valid_after_utc)
