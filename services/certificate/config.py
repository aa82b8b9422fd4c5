"""Settings of the certificate service."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from kit.config import ServiceConfig, needed, outside, own, own_secret, secret
from services.certificate.domain.authorities import AuthorityBook, BadAuthorities, authority_book

_AUTHORITIES = Path(__file__).parent / "authorities.json"
_PLATFORM, _PEM, _PKCS11 = ("seal_driver", "platform"), ("seal_driver", "pem"), ("seal_driver", "pkcs11")
_LEVELS = ("B-B", "B-T", "B-LT")


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    """Who seals and whom that makes trusted, and how certificates are printed, kept and checked.

    `seal_roots` and `seal_tsa_roots` are certificates as DER in base64; of `seal_crl_urls` each is asked for a
    revocation list. Level, authority of time and keys are for the local drivers: a platform knows its own.
    """

    service: ClassVar[str] = "certificate"

    staff_keys: str = own_secret()
    check_url: str = own()
    seal_driver: str = "platform"
    seal_platform_url: str = outside(when=_PLATFORM)
    seal_app_id: str = needed(when=_PLATFORM)
    seal_app_key: str = secret(when=_PLATFORM)
    seal_key_directory: str = needed(when=_PEM)
    seal_token_module: str = needed(when=_PKCS11)
    seal_token_label: str = needed(when=_PKCS11)
    seal_token_pin: str = secret(when=_PKCS11)
    seal_level: str = "B-B"
    seal_tsa_url: str = ""
    seal_roots: tuple[str, ...]
    seal_tsa_roots: tuple[str, ...] = ()
    seal_crl_urls: tuple[str, ...] = ()
    seal_authorities: Path | None = None

    fonts: str = own(default="/usr/share/fonts/opentype/noto")
    full_number: bool = own(default=False)
    presses: int = own(default=1)
    issuers: int = own(default=8)
    kept_days: int = own(default=1825)
    checks_per_hour: int = own(default=60)
    wrong_codes_per_hour: int = own(default=10)

    @property
    def kept(self) -> dt.timedelta:
        """How long a sealed file can be read again."""
        return dt.timedelta(days=self.kept_days)

    @property
    def press(self) -> Mapping[str, Any]:
        """What a press must be told (services.certificate.press)."""
        return {
            "fonts": self.fonts, "roots": self.seal_roots, "tsa_roots": self.seal_tsa_roots,
            "driver": self.seal_driver, "level": self.seal_level, "tsa_url": self.seal_tsa_url,
            "keys": self.seal_key_directory, "module": self.seal_token_module, "token": self.seal_token_label,
            "pin": self.seal_token_pin,
        }  # fmt: skip

    def authorities(self) -> AuthorityBook:
        """Who has a seal. Raises BadAuthorities."""
        path = self.seal_authorities or _AUTHORITIES
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadAuthorities([f"cannot read {path}: {type(error).__name__}"]) from None
        return authority_book(data)

    def problems(self) -> list[str]:
        """Also refuses a driver or level nobody knows, roots that are none, and a bad table of authorities."""
        found = super().problems()
        if self.seal_driver not in ("platform", "pem", "pkcs11"):
            found.append("SEAL_DRIVER: expected platform, pem or pkcs11")
        if self.seal_level not in _LEVELS:
            found.append(f"SEAL_LEVEL: expected one of {', '.join(_LEVELS)}")
        elif self.seal_driver != "platform" and self.seal_level != "B-B" and not self.seal_tsa_url:
            found.append("SEAL_TSA_URL is not set, and SEAL_LEVEL needs it")
        for name in ("seal_roots", "seal_tsa_roots"):
            if not all(_is_der(text) for text in getattr(self, name)):
                found.append(f"{name.upper()}: expected certificates as DER in base64, comma separated")
        if urlsplit(self.check_url).scheme not in ("http", "https"):
            found.append("CERTIFICATE_CHECK_URL: expected http(s)://…")
        for name in ("presses", "issuers", "kept_days", "checks_per_hour", "wrong_codes_per_hour"):
            if getattr(self, name) < 1:
                found.append(f"CERTIFICATE_{name.upper()} must be at least 1")
        try:
            self.authorities()
        except BadAuthorities as error:
            found += [f"SEAL_AUTHORITIES: {problem}" for problem in error.problems]
        return found


def _is_der(text: str) -> bool:
    try:
        return base64.b64decode(text, validate=True)[:1] == b"\x30"
    except ValueError:
        return False
