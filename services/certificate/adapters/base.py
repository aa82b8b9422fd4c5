"""What the service needs of the press, of whoever seals, and of the lists of what was revoked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.certificate.domain.authorities import Authority, Seal
from services.certificate.domain.verdicts import Inspection


@dataclass(frozen=True)
class Printed:
    """A certificate without its signature. `page` (from 0) and `box` (points from the lower left) are where the seal
    is."""

    pdf: bytes
    pages: int
    page: int
    box: tuple[float, float, float, float]


class Press(Protocol):
    """Work that does not yield, done elsewhere. Every method raises PressUnavailable when it was not done."""

    def set(self, words: Mapping[str, Any], qr: str, seal: Seal, issued_at: dt.datetime) -> Printed:
        """The PDF of a certificate; the same words give the same bytes. Raises GlyphMissing."""
        ...

    def sign(self, printed: Printed, authority: Authority, crls: Sequence[bytes]) -> bytes:
        """Seal with a key of this machine. Raises SealRefused, SealUnavailable."""
        ...

    def inspect(self, pdf: bytes, crls: Sequence[bytes], now: dt.datetime) -> Inspection:
        """What a file's signature is worth."""
        ...

    def picture(self, pdf: bytes, page: int, width: int) -> bytes:
        """A page, from 1, as a PNG of that many pixels across. Raises CertificateNotFound beyond the last page."""
        ...


class Sealer(Protocol):
    """Whoever holds the seals' keys."""

    def seal(self, request_id: str, printed: Printed, authority: Authority) -> bytes:
        """The sealed file; the same request gives a file again, however often its answer is lost. Raises SealRefused,
        SealUnavailable."""
        ...


class RevocationLists(Protocol):
    """What the seals' authorities have revoked."""

    def current(self) -> Sequence[bytes]:
        """The lists that can be had now; those that cannot are missing."""
        ...
