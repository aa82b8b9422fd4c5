"""The presses of this process, as green threads use them: `presses = Presses()`."""

from __future__ import annotations

import base64
import datetime as dt
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import eventlet
from eventlet.green import socket
from eventlet.queue import LightQueue
from nameko.extensions import DependencyProvider

from contract import schema
from contract.certificate import SealUnavailable
from contract.errors import ContractError
from services.certificate.adapters.base import Printed
from services.certificate.config import Config
from services.certificate.domain.authorities import Authority, Seal
from services.certificate.domain.verdicts import Inspection
from services.certificate.press import receive, send

PATIENCE = 30.0
"""Seconds one piece of work may take; a press that needs longer is ended, and another one started."""

_log = logging.getLogger(__name__)


class PressUnavailable(SealUnavailable):
    """A press died or was too slow; nothing was made."""

    code = "press_unavailable"


class _Press:
    """One process and the line to it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._line, theirs = socket.socketpair()
        command = [sys.executable, "-W", "ignore", "-m", "services.certificate.press", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        send(self._line, settings, b"")

    def do(self, header: Mapping[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
        send(self._line, header, blob)
        return receive(self._line)

    def end(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()


class PressRoom:
    """So many presses, each started when it is first needed. Meets services.certificate.adapters.base.Press."""

    def __init__(self, settings: Mapping[str, Any], count: int) -> None:
        self._settings = settings
        self._free: LightQueue = LightQueue()
        for _ in range(count):
            self._free.put(None)

    def set(self, words: Mapping[str, Any], qr: str, seal: Seal, issued_at: dt.datetime) -> Printed:
        header = {"words": words, "qr": qr, "seal": schema.dump(seal), "issued_at": issued_at.isoformat()}
        answer, pdf = self._do("set", header, b"")
        left, low, right, high = answer["box"]
        return Printed(pdf, answer["pages"], answer["page"], (left, low, right, high))

    def sign(self, printed: Printed, authority: Authority, crls: Sequence[bytes]) -> bytes:
        header = {
            "pages": printed.pages, "page": printed.page, "box": printed.box,
            "authority": schema.dump(authority), "crls": _texts(crls),
        }  # fmt: skip
        return self._do("sign", header, printed.pdf)[1]

    def inspect(self, pdf: bytes, crls: Sequence[bytes], now: dt.datetime) -> Inspection:
        answer, _ = self._do("inspect", {"crls": _texts(crls), "now": now.isoformat()}, pdf)
        return schema.load(Inspection, answer)

    def picture(self, pdf: bytes, page: int, width: int) -> bytes:
        return self._do("picture", {"page": page, "width": width}, pdf)[1]

    def roll(self, content: bytes) -> Sequence[Sequence[str]]:
        rows: Sequence[Sequence[str]] = self._do("roll", {}, content)[0]["rows"]
        return rows

    def close(self) -> None:
        """End every press that is not at work."""
        while not self._free.empty():
            press = self._free.get()
            if press is not None:
                press.end()

    def _do(self, work: str, header: Mapping[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
        press = self._free.get()
        healthy = False
        try:
            press = press or _Press(self._settings)
            with eventlet.Timeout(PATIENCE, PressUnavailable()):
                answer, made = press.do({"work": work, **header}, blob)
            healthy = True
        except (OSError, EOFError) as error:
            _log.error("a press died at work", extra={"work": work, "error": type(error).__name__})
            raise PressUnavailable from error
        finally:
            if not healthy and press is not None:
                press.end()
            self._free.put(press if healthy else None)
        if answer.get("error") == "press":
            raise PressUnavailable
        if "error" in answer:
            raise ContractError.of(answer["error"], answer["text"], answer["detail"])
        return answer, made


class Presses(DependencyProvider):  # type: ignore[misc]
    """Gives workers the press room."""

    def setup(self) -> None:
        settings: Config = self.container.config["settings"]
        self._room = PressRoom(settings.press, settings.presses)

    def stop(self) -> None:
        self._room.close()

    def get_dependency(self, worker_ctx: Any) -> PressRoom:
        return self._room


def _texts(blobs: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(blob).decode() for blob in blobs]
