"""The certificate authority behind the seal platform: a root, one key per tax authority, an authority of time, and the
list of what was revoked. A test authority: its certificates mean nothing outside this program."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.divisions import agencies
from sandbox.store import Store

ROOT, TIME = "root", "time"
_YEARS = 365.25
_DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def key_der(self) -> bytes:
        return self.key.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(_DER)


@cache
def organisations() -> dict[str, str]:
    """Who has a seal here: every county's tax authority, by code."""
    return {
        agency.authority: "国家税务总局" + agency.name.removesuffix("社会保险经办中心") + "税务局"
        for agency in agencies().values()
    }


class SealAuthority:
    """Issues, keeps and revokes. ``root`` is the setting SEAL_CA: certificate and key as DER in base64, with a dot
    between; empty makes one that lasts as long as the store."""

    def __init__(self, store: Store, root: str, crl_url: str) -> None:
        self._store, self._given, self._crl_url = store, root, crl_url

    def root(self) -> Identity:
        if self._given:
            certificate, _, key = self._given.partition(".")
            return _identity(base64.b64decode(certificate), base64.b64decode(key))
        return self._kept(ROOT) or self._keep(ROOT, make_root(dt.datetime.now(dt.UTC)))

    def time(self, now: float) -> Identity:
        """The authority of time."""
        return self._kept(TIME) or self._issue(
            TIME, "沙箱时间戳服务", "", now, ExtendedKeyUsageOID.TIME_STAMPING
        )

    def organisation(self, code: str, now: float) -> Identity | None:
        """The seal's certificate of a tax authority; None for one nobody knows."""
        name = organisations().get(code)
        if name is None:
            return None
        return self._kept(code) or self._issue(code, name, code, now, None)

    def revoke(self, code: str, now: float) -> bool:
        """Put an authority's certificate on the list; False when it has none yet."""
        with self._store.transaction() as connection:
            changed = connection.execute(
                "UPDATE seal_certificates SET revoked_at = ? WHERE holder = ? AND revoked_at IS NULL",
                (now, code),
            )
            return changed.rowcount > 0

    def crl(self, now: float) -> bytes:
        """What is revoked now, good for a day."""
        root, moment = self.root(), dt.datetime.fromtimestamp(now, dt.UTC)
        builder = x509.CertificateRevocationListBuilder(
            root.certificate.subject, moment - dt.timedelta(minutes=5), moment + dt.timedelta(days=1)
        ).add_extension(x509.CRLNumber(int(now)), critical=False)
        for row in self._store.all("SELECT * FROM seal_certificates WHERE revoked_at IS NOT NULL"):
            at = dt.datetime.fromtimestamp(row["revoked_at"], dt.UTC)
            serial = x509.load_der_x509_certificate(row["certificate"]).serial_number
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, at).build())
        return builder.sign(root.key, hashes.SHA256()).public_bytes(_DER)

    def _kept(self, holder: str) -> Identity | None:
        row = self._store.one(
            "SELECT * FROM seal_certificates WHERE holder = ? AND revoked_at IS NULL", (holder,)
        )
        return _identity(row["certificate"], row["key"]) if row else None

    def _keep(self, holder: str, made: Identity) -> Identity:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO seal_certificates (holder, certificate, key) VALUES (?, ?, ?)",
                (holder, made.der, made.key_der),
            )
        return made

    def _issue(
        self, holder: str, name: str, code: str, now: float, usage: x509.ObjectIdentifier | None
    ) -> Identity:
        root, moment = self.root(), dt.datetime.fromtimestamp(now, dt.UTC)
        return self._keep(holder, issue(root, name, code, moment, self._crl_url, usage))


def make_root(now: dt.datetime, name: str = "沙箱税务电子签章根证书") -> Identity:
    """A root of its own, for thirty years."""
    key = rsa.generate_private_key(65537, 2048)
    builder = _builder(_name(name, ""), _name(name, ""), key, now, 30 * _YEARS)
    builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    return Identity(builder.sign(key, hashes.SHA256()), key)


def issue(
    root: Identity, name: str, code: str, now: dt.datetime, crl_url: str,
    usage: x509.ObjectIdentifier | None = None, days: float = 5 * _YEARS,
) -> Identity:  # fmt: skip
    """A certificate below the root; ``code`` becomes the subject's serialNumber."""
    key = rsa.generate_private_key(65537, 2048)
    builder = _builder(_name(name, code), root.certificate.subject, key, now, days)
    builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
    builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return Identity(builder.sign(root.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, now: dt.datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, code: str) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name([*parts, x509.NameAttribute(NameOID.SERIAL_NUMBER, code)] if code else parts)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=not signs, crl_sign=not signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _identity(certificate: bytes, key: bytes) -> Identity:
    loaded = serialization.load_der_private_key(key, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return Identity(x509.load_der_x509_certificate(certificate), loaded)
