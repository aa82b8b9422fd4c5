"""Certificates to print, and an authority that signs them: a test CA of this run."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives import serialization

from contract.insurance import InsuranceType
from contract.people import DocumentType
from kit.clock import CHINA
from sandbox.seal_authority import Identity, SealAuthority, issue, make_root
from sandbox.store import Store
from services.certificate.adapters.base import Printed
from services.certificate.adapters.signing import Level, LocalSealer, PemKeys
from services.certificate.adapters.typesetting import Typesetter
from services.certificate.adapters.validation import Inspector
from services.certificate.domain.authorities import Authority, Seal
from services.certificate.domain.content import Content, Line, printed, qr_text

FONTS = Path("/usr/share/fonts/opentype/noto")
URL = "https://sb.example/check"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
AUTHORITY = Authority(
    "14501030000", "国家税务总局南宁市青秀区税务局", "14501030000", "14501030000-01",
    Seal("国家税务总局南宁市青秀区税务局", "（01）"),
)  # fmt: skip
OTHER = Authority(
    "14502020000", "国家税务总局柳州市城中区税务局", "14502020000", "14502020000-01",
    Seal("国家税务总局柳州市城中区税务局", "（01）"),
)  # fmt: skip
_DER, _PEM = serialization.Encoding.DER, serialization.Encoding.PEM


def a_content(lines: int = 2, name: str = "韦秀兰", issued_at: dt.datetime = NOW) -> Content:
    """What a certificate of so many contributions says."""
    line = Line(
        InsuranceType.MEDICAL,
        "202601",
        "202612",
        "南宁市青秀区社会保险经办中心",
        issued_at,
        "3450261120102300",
        40_000,
    )
    return Content(
        "GX202611262837465019", "2286925432", name, DocumentType.RESIDENT_ID, "4501**********2040", "202601", "202612",
        (line,) * lines, AUTHORITY.code, AUTHORITY.name, issued_at,
    )  # fmt: skip


def a_page(typesetter: Typesetter, content: Content | None = None, seal: Seal = AUTHORITY.seal) -> Printed:
    """A page without a signature."""
    content = content or a_content()
    return typesetter.set(printed(content, URL, CHINA), qr_text(content, URL), seal, content.issued_at)


@dataclass(frozen=True)
class SealOffice:
    """A root, keys of two authorities as PEM files, and what the root has revoked."""

    root: Identity
    keys: Path
    authority: SealAuthority

    def sealer(self, level: str = "B-B") -> LocalSealer:
        return LocalSealer(PemKeys(self.keys), Level(level, "", self.roots))

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        return (x509.Certificate.load(self.root.der),)

    @property
    def inspector(self) -> Inspector:
        return Inspector(self.roots, self.roots)

    def crls(self) -> list[bytes]:
        return [self.authority.crl(dt.datetime.now(dt.UTC).timestamp())]

    def give_key(self, authority: Authority, now: dt.datetime = NOW, days: float = 365) -> Identity:
        """A key for an authority from that day on."""
        made = issue(self.root, authority.name, authority.organ_code, now, "http://127.0.0.1/crl", days=days)
        plain = made.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.keys / f"{authority.seal_code}.pem"
        path.write_bytes(plain + made.certificate.public_bytes(_PEM))
        return made


def a_seal_office(folder: Path) -> SealOffice:
    """A new one, with keys for AUTHORITY and OTHER."""
    root = make_root(NOW)
    text = f"{_base64(root.der)}.{_base64(root.key_der)}"
    folder.mkdir(parents=True, exist_ok=True)
    office = SealOffice(root, folder, SealAuthority(Store(":memory:"), text, "http://127.0.0.1/crl"))
    for authority in (AUTHORITY, OTHER):
        office.give_key(authority)
    return office


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
