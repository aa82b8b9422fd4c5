"""Signs a certificate with a key this machine can use: PAdES B-B, B-T or B-LT, DocMDP 1 (no changes).

Runs in a press (services.certificate.press), never beside green threads.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import requests
from asn1crypto import tsp, x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import load_pem_x509_certificates
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import NoOpStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from contract.certificate import SealRefused, SealUnavailable
from services.certificate.adapters.base import Printed
from services.certificate.domain.authorities import Authority

FIELD = "Seal"
LEVELS = ("B-B", "B-T", "B-LT")
_TSA_SECONDS = 5
_SIGNATURE, _TIME_STAMP = 1024, 8192
"""Bytes a signature takes beside its certificates, and a time stamp."""


class Keys(Protocol):
    """Where the keys of seals are."""

    def signer(self, seal_code: str) -> Any:
        """pyHanko's signer of a seal. Raises SealRefused where there is no such key."""
        ...


@dataclass(frozen=True)
class Level:
    """How much is put into a signature; the authority of time is asked for B-T and B-LT."""

    name: str = "B-B"
    tsa_url: str = ""
    roots: tuple[x509.Certificate, ...] = ()


class PemKeys:
    """One file per seal, `<seal code>.pem`: the key, its certificate, and the certificates between it and the root."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loaded: dict[str, Any] = {}

    def signer(self, seal_code: str) -> Any:
        if seal_code not in self._loaded:
            self._loaded[seal_code] = self._load(seal_code)
        return self._loaded[seal_code]

    def _load(self, seal_code: str) -> Any:
        path = self._directory / f"{seal_code}.pem"
        if not seal_code.replace("-", "").isalnum() or not path.is_file():
            raise SealRefused
        content = path.read_bytes()
        key = serialization.load_pem_private_key(content, None)
        if not isinstance(key, RSAPrivateKey):
            raise SealRefused
        own, *between = [
            x509.Certificate.load(one.public_bytes(serialization.Encoding.DER))
            for one in load_pem_x509_certificates(content)
        ]
        return _LoadedKey(key, own, between)


class _LoadedKey(SimpleSigner):
    """pyHanko's own reads the key anew for every signature, which takes three times as long as signing."""

    def __init__(
        self, key: RSAPrivateKey, certificate: x509.Certificate, between: Sequence[x509.Certificate]
    ) -> None:
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        super().__init__(certificate, PrivateKeyInfo.load(der), SimpleCertificateStore.from_certs(between))
        self._key = key

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        assert digest_algorithm == "sha256"
        return self._key.sign(data, PKCS1v15(), hashes.SHA256())


class Pkcs11Keys:
    """Keys that never leave a token (HSM); object and certificate carry the seal's code as their label."""

    def __init__(self, module: Path, token: str, pin: str) -> None:
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import open_pkcs11_session

        self._session = open_pkcs11_session(
            str(module), token_criteria=TokenCriteria(label=token), user_pin=pin
        )
        self._signers: dict[str, Any] = {}

    def signer(self, seal_code: str) -> Any:
        import pkcs11
        from pyhanko.sign.pkcs11 import PKCS11Signer

        if seal_code not in self._signers:
            label = {
                pkcs11.Attribute.LABEL: seal_code,
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
            }
            if not any(True for _ in self._session.get_objects(label)):
                raise SealRefused
            self._signers[seal_code] = PKCS11Signer(self._session, cert_label=seal_code, key_label=seal_code)
        return self._signers[seal_code]


class LocalSealer:
    """Signs with local keys."""

    def __init__(self, keys: Keys, level: Level) -> None:
        self._keys, self._level = keys, level
        self._stamper = _Tsa(level.tsa_url) if level.name != "B-B" else None

    def sign(self, printed: Printed, authority: Authority, crls: Sequence[bytes]) -> bytes:
        """The sealed file. Raises SealRefused, SealUnavailable."""
        signer = self._keys.signer(authority.seal_code)
        work = self._signed(printed, signer, authority.name, crls)
        try:
            return asyncio.run(work)
        except requests.RequestException as error:
            raise SealUnavailable from error

    async def _signed(self, printed: Printed, signer: Any, authority: str, crls: Sequence[bytes]) -> bytes:
        meta = PdfSignatureMetadata(
            field_name=FIELD, md_algorithm="sha256", name=authority, reason="社会保险费缴费证明", certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES, subfilter=SigSeedSubFilter.PADES, **self._long_term(crls),
        )  # fmt: skip
        place = SigFieldSpec(FIELD, on_page=printed.page, box=tuple(round(edge) for edge in printed.box))  # type: ignore[arg-type]
        pdf_signer = PdfSigner(
            meta, signer, timestamper=self._stamper, stamp_style=NoOpStampStyle(), new_field_spec=place
        )
        writer = IncrementalPdfFileWriter(io.BytesIO(printed.pdf))
        sealed = await pdf_signer.async_sign_pdf(writer, bytes_reserved=self._room(signer))
        return bytes(sealed.getbuffer())

    def _room(self, signer: Any) -> int:
        """Hex digits to keep for the signature: without being told, pyHanko signs twice, once only to measure; and
        every check reads all of them, one by one."""
        size = _SIGNATURE + sum(len(one.dump()) for one in (signer.signing_cert, *signer.cert_registry))
        return 2 * (size if self._level.name == "B-B" else size + _TIME_STAMP)

    def _long_term(self, crls: Sequence[bytes]) -> dict[str, Any]:
        """B-LT: what a later check needs goes into the signed revision itself; added afterwards, readers would report a
        later edit."""
        if self._level.name != "B-LT":
            return {}
        context = ValidationContext(
            trust_roots=self._level.roots, crls=list(crls), allow_fetching=False, revocation_mode="hard-fail"
        )
        placed = DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        )
        return {"embed_validation_info": True, "validation_context": context, "dss_settings": placed}


class _Tsa(TimeStamper):
    """An authority of time by RFC 3161 over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        answer = requests.post(
            self._url,
            data=req.dump(),
            timeout=_TSA_SECONDS,
            headers={"Content-Type": "application/timestamp-query"},
        )
        answer.raise_for_status()
        return tsp.TimeStampResp.load(answer.content)


def certificates(texts: Sequence[str]) -> tuple[x509.Certificate, ...]:
    """Certificates from settings: DER in base64. Raises ValueError."""
    found = tuple(x509.Certificate.load(base64.b64decode(text, validate=True)) for text in texts)
    for certificate in found:
        certificate.subject.native  # noqa: B018 - parsing is lazy; this is where a bad one fails
    return found
