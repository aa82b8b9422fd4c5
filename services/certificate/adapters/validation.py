"""What a PDF's signature is worth, looked at without any trust in who brings it.

Runs in a press (services.certificate.press). Every doubt is a fault: this never guesses in the file's favour.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from asn1crypto import x509
from cryptography.x509 import CertificateRevocationList, load_der_x509_certificate, load_der_x509_crl
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from services.certificate.domain.verdicts import Inspection

_NOTHING = Inspection(False, False, None, False, "", "", "", "no signature")


class Inspector:
    """Knows the roots that are trusted for seals and for time."""

    def __init__(self, roots: Sequence[x509.Certificate], tsa_roots: Sequence[x509.Certificate]) -> None:
        self._roots, self._tsa_roots = tuple(roots), tuple(tsa_roots)

    def inspect(self, pdf: bytes, crls: Sequence[bytes], now: dt.datetime) -> Inspection:
        """Look at a file; whatever it holds, this answers."""
        try:
            return asyncio.run(self._inspect(pdf, crls, now))
        except Exception as error:  # a hostile file may break any parser, and is then no certificate
            return Inspection(False, False, None, False, "", "", "", f"{type(error).__name__}: {error}"[:200])

    async def _inspect(self, pdf: bytes, crls: Sequence[bytes], now: dt.datetime) -> Inspection:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        if len(reader.embedded_signatures) != 1:
            return _NOTHING
        signature = reader.embedded_signatures[0]
        status = await self._status(signature, now)
        moment = status.timestamp_validity.timestamp if _stamped(status) else now
        # The time of the signature is believed only from an authority of time; without one it must hold today.
        if moment != now:
            status = await self._status(signature, now, moment)
        certificate = signature.signer_cert
        valid_then = certificate.not_valid_before <= moment <= certificate.not_valid_after
        subject = certificate.subject.native
        return Inspection(
            intact=_intact(status, signature, pdf),
            trusted=bool(status.trusted) and valid_then and _time_is_told(status),
            revoked=self._revoked(certificate, signature.other_embedded_certs, crls, now),
            expired=not valid_then,
            organ_code=str(subject.get("serial_number", "")),
            signer=str(subject.get("common_name", "")),
            number=_number(reader),
            fault="" if status.bottom_line else status.summary(),
        )

    async def _status(self, signature: Any, now: dt.datetime, moment: dt.datetime | None = None) -> Any:
        """Revocation is left out here: `_revoked` asks the lists of today about it."""
        chain = ValidationContext(
            trust_roots=self._roots, moment=moment or now, allow_fetching=False, revocation_mode="soft-fail"
        )
        time = ValidationContext(
            trust_roots=self._tsa_roots, moment=now, allow_fetching=False, revocation_mode="soft-fail"
        )
        return await async_validate_pdf_signature(signature, chain, time)

    def _revoked(
        self, certificate: x509.Certificate, others: Sequence[x509.Certificate], crls: Sequence[bytes], now: dt.datetime
    ) -> bool | None:  # fmt: skip
        """Every certificate below the root, each by a fresh list its issuer signed; None where one is missing."""
        lists = [load_der_x509_crl(one) for one in crls]
        known = [*others, *self._roots]
        subject = certificate
        for _ in range(8):
            if any(subject.dump() == root.dump() for root in self._roots):
                return False
            issuer = next((one for one in known if one.subject == subject.issuer and one != subject), None)
            fresh = issuer and next((one for one in lists if _speaks_for(one, issuer, now)), None)
            if fresh is None or issuer is None:
                return None
            if fresh.get_revoked_certificate_by_serial_number(subject.serial_number) is not None:
                return True
            subject = issuer
        return None


def _speaks_for(crl: CertificateRevocationList, issuer: x509.Certificate, now: dt.datetime) -> bool:
    key: Any = load_der_x509_certificate(issuer.dump()).public_key()
    ends = crl.next_update_utc
    if crl.issuer.public_bytes() != issuer.subject.dump() or ends is None or ends < now:
        return False
    return bool(crl.is_signature_valid(key))


def _intact(status: Any, signature: Any, pdf: bytes) -> bool:
    return bool(
        status.intact
        and status.valid
        and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        and status.docmdp_ok
        and signature.docmdp_level is MDPPerm.NO_CHANGES
        and _padding_is_empty(signature, pdf)
    )


def _padding_is_empty(signature: Any, pdf: bytes) -> bool:
    """The room between the two signed parts holds the signature and zeros: nothing can hide there."""
    _, first, second, _ = (int(part) for part in signature.byte_range)
    held = bytes.fromhex(pdf[first + 1 : second - 1].decode("ascii"))
    content = signature.signed_data
    length = len(_der(held))
    return content is not None and not any(held[length:])


def _der(held: bytes) -> bytes:
    """The one DER value at the beginning."""
    size, first = held[1], 2
    if size & 0x80:
        first = 2 + (size & 0x7F)
        size = int.from_bytes(held[2:first], "big")
    return held[: first + size]


def _stamped(status: Any) -> bool:
    validity = status.timestamp_validity
    return bool(validity and validity.valid and validity.intact and validity.trusted)


def _time_is_told(status: Any) -> bool:
    """A time stamp that is there must be good: a bad one means that somebody was at it."""
    return status.timestamp_validity is None or _stamped(status)


def _number(reader: PdfFileReader) -> str:
    title = str(reader.trailer["/Info"].get("/Title", "")) if "/Info" in reader.trailer else ""
    return title.rpartition(" ")[2]
