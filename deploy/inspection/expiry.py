"""What ends on a day: certificates of the seal and of addresses; and which keys are in use."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from deploy.inspection.findings import Finding, bad, good, graded, looked_at
from deploy.target import Target

_WATCH_DAYS, _BAD_DAYS = 30, 7
_SECONDS = 5


def certificates(target: Target) -> Iterator[Finding]:
    """Each with the days it is still good for."""
    now = dt.datetime.now(dt.UTC)
    seal: Any = target.settings["certificate"]
    for number, text in enumerate((*seal.seal_roots, *seal.seal_tsa_roots), start=1):
        yield _ends(f"签章根证书 {number}", x509.load_der_x509_certificate(base64.b64decode(text)), now)
    if seal.seal_key_directory:
        for path in sorted(Path(seal.seal_key_directory).glob("*.pem")):
            for certificate in _in_file(path):
                yield _ends(f"签章证书 {path.name}", certificate, now)
    for host, port in sorted(_addresses(target)):
        yield from looked_at(f"网址证书 {host}", partial(_of_address, host, port, now))


def keys(target: Target) -> Iterator[Finding]:
    """How many versions each ring of keys holds, and the one that is used; never a key."""
    rings: dict[str, str] = {}
    for settings in target.settings.values():
        for field in dataclasses.fields(settings):
            value = getattr(settings, field.name)
            if field.name.endswith("_keys") and isinstance(value, str) and ":" in value:
                rings[field.name.upper()] = value
    for name, ring in sorted(rings.items()):
        versions = sorted(int(part.partition(":")[0]) for part in ring.split(",") if part.strip())
        yield good(f"密钥 {name}", f"在用第 {versions[-1]} 版，共保留 {len(versions)} 版")


def _addresses(target: Target) -> set[tuple[str, int]]:
    """Every https address of the settings: ours, and the parties'."""
    found = set()
    for settings in target.settings.values():
        for field in dataclasses.fields(settings):
            value = getattr(settings, field.name)
            if isinstance(value, str) and value.startswith("https://"):
                parts = urlsplit(value)
                found.add((parts.hostname or "", parts.port or 443))
    return found


def _of_address(host: str, port: int, now: dt.datetime) -> Iterator[Finding]:
    context = ssl.create_default_context()
    # An expired one must be read to be told of; what it is trusted for is not decided here.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        shown = wrapped.getpeercert(binary_form=True)
    if shown is None:
        yield bad(f"网址证书 {host}", "没有出示证书")
    else:
        yield _ends(f"网址证书 {host}", x509.load_der_x509_certificate(shown), now)


def _in_file(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        return []  # a key


def _ends(subject: str, certificate: x509.Certificate, now: dt.datetime) -> Finding:
    left = (certificate.not_valid_after_utc - now).days
    said = f"有效期至 {certificate.not_valid_after_utc.date()}，剩余 {left} 天"
    return graded(subject, said, -left, -_WATCH_DAYS, -_BAD_DAYS)
