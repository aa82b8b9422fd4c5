"""A press: the process that sets, signs, looks at and pictures certificates, one piece of work after the other.

None of that yields, so it must not run beside green threads (design.md §6). Started by services.certificate.presses as
`python -m services.certificate.press FD` with one end of a socket pair. A message is two lengths, a JSON header and
bytes; the first tells the press its settings.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contract import schema
from contract.errors import ContractError
from kit.telemetry import configure_logging
from services.certificate.adapters.base import Printed
from services.certificate.domain.authorities import Authority, Seal

LENGTHS = struct.Struct("!II")
Answer = tuple[dict[str, Any], bytes]

_log = logging.getLogger(__name__)


def send(line: Any, header: Mapping[str, Any], blob: bytes) -> None:
    """Write one message."""
    text = json.dumps(header, ensure_ascii=False).encode()
    line.sendall(LENGTHS.pack(len(text), len(blob)) + text + blob)


def receive(line: Any) -> Answer:
    """Read one message. Raises EOFError when the other end is gone."""
    head, blob = LENGTHS.unpack(_exactly(line, LENGTHS.size))
    return json.loads(_exactly(line, head)), _exactly(line, blob)


def _exactly(line: Any, size: int) -> bytes:
    parts = []
    while size:
        part = line.recv(min(size, 1 << 16))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Bench:
    """What the press works with, made at the first use: fonts, keys, roots."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._made: dict[str, Any] = {}

    def set(self, header: Mapping[str, Any], blob: bytes) -> Answer:
        from services.certificate.adapters.typesetting import Typesetter

        typesetter = self._once("typesetter", lambda: Typesetter(Path(self._settings["fonts"])))
        issued_at = dt.datetime.fromisoformat(header["issued_at"])
        printed = typesetter.set(header["words"], header["qr"], schema.load(Seal, header["seal"]), issued_at)
        return {"pages": printed.pages, "page": printed.page, "box": printed.box}, printed.pdf

    def sign(self, header: Mapping[str, Any], blob: bytes) -> Answer:
        printed = Printed(blob, header["pages"], header["page"], tuple(header["box"]))
        sealer = self._once("sealer", self._sealer)
        authority = schema.load(Authority, header["authority"])
        return {}, sealer.sign(printed, authority, _blobs(header["crls"]))

    def inspect(self, header: Mapping[str, Any], blob: bytes) -> Answer:
        from services.certificate.adapters.signing import certificates
        from services.certificate.adapters.validation import Inspector

        roots, time = (certificates(self._settings[name]) for name in ("roots", "tsa_roots"))
        inspector = self._once("inspector", lambda: Inspector(roots, time or roots))
        found = inspector.inspect(blob, _blobs(header["crls"]), dt.datetime.fromisoformat(header["now"]))
        return schema.dump(found), b""

    def picture(self, header: Mapping[str, Any], blob: bytes) -> Answer:
        from services.certificate.adapters.pictures import picture

        return {}, picture(blob, header["page"], header["width"])

    def roll(self, header: Mapping[str, Any], blob: bytes) -> Answer:
        from services.certificate.adapters.rolls import rows

        return {"rows": rows(blob)}, b""

    def _sealer(self) -> Any:
        from services.certificate.adapters import signing

        own = self._settings
        level = signing.Level(own["level"], own["tsa_url"], signing.certificates(own["roots"]))
        if own["driver"] == "pkcs11":
            return signing.LocalSealer(
                signing.Pkcs11Keys(Path(own["module"]), own["token"], own["pin"]), level
            )
        return signing.LocalSealer(signing.PemKeys(Path(own["keys"])), level)

    def _once(self, name: str, make: Any) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


def _blobs(texts: Sequence[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]


def serve(line: Any) -> None:
    """Work until the other end goes away."""
    settings, _ = receive(line)
    bench = Bench(settings)
    while True:
        try:
            header, blob = receive(line)
        except (EOFError, ConnectionError):
            return
        try:
            answer, made = getattr(bench, header["work"])(header, blob)
        except ContractError as error:
            answer, made = {"error": error.code, "text": error.message, "detail": error.detail}, b""
        except Exception:
            _log.exception("a press could not %s", header.get("work"))
            answer, made = {"error": "press", "text": ""}, b""
        send(line, answer, made)


if __name__ == "__main__":
    configure_logging("INFO")
    # What is wrong with an upload is in the answer; pyHanko would log a traceback for each.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    ours = socket.socket(fileno=int(sys.argv[1]))
    ours.setblocking(True)  # it was made by green threads, which never block
    serve(ours)
