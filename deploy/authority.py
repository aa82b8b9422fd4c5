"""A small certificate authority of the installation: who is who among containers.

Servers show a certificate with their names, clients one whose common name is their account. Its key never leaves the
directory it was made in; a bureau that has an authority of its own puts certificates from there in these places.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_OWN_NAME = "contribution authority"
"""No account's: a certificate that names its own issuer is taken for a root."""

_ROOT_LIFE, _LIFE, _RENEWED_BEFORE = dt.timedelta(days=3650), dt.timedelta(days=398), dt.timedelta(days=60)
_USES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True)
class Authority:
    """The authority in a directory; made there when it is opened for the first time."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, directory: Path) -> Authority:
        """Read it, or make it."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_file, file = directory / "ca.key", directory / "ca.crt"
        if file.exists():
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return cls(x509.load_pem_x509_certificate(file.read_bytes()), key)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(_OWN_NAME)
        made = (
            _builder(name, name, key.public_key(), _ROOT_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_private(key_file, _pem(key))
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return cls(made, key)

    @property
    def pem(self) -> str:
        """The certificate everybody trusts."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, file: Path, account: str, hosts: Sequence[str] = ()) -> None:
        """Put `<file>.crt` and `<file>.key` there, unless they are for the same and stay valid for two months."""
        certificate_file, key_file = file.with_name(f"{file.name}.crt"), file.with_name(f"{file.name}.key")
        if key_file.exists() and certificate_file.exists() and self._good(certificate_file, account, hosts):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(account), self.certificate.subject, key.public_key(), _LIFE)
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts or (account,)])
        made = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_USES, critical=False)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        write_private(key_file, _pem(key))
        write_private(certificate_file, made.public_bytes(serialization.Encoding.PEM))

    def _good(self, file: Path, account: str, hosts: Sequence[str]) -> bool:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            self._signed(certificate)
            and certificate.subject == _name(account)
            and names.get_values_for_type(x509.DNSName) == list(hosts or (account,))
            and certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) > _RENEWED_BEFORE
        )

    def _signed(self, certificate: x509.Certificate) -> bool:
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, InvalidSignature):
            return False
        return True


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner may read, never half of one."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        file.write(content)
    draft.replace(path)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + life)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
