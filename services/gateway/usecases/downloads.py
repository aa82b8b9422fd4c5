"""A link that brings one file into a browser that knows no session: WeChat's own saves none (docs/adr/0034)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from kit.crypto import Unreadable, personal_data_keys
from services.gateway.domain.sessions import Session
from services.gateway.errors import DownloadLinkOver
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.sessions import list_sessions

LIFE = dt.timedelta(minutes=10)
"""How long a link works; it is over sooner when its session is."""

_SEALED = "download"


class FileKind(enum.StrEnum):
    """What can be downloaded by a link."""

    CERTIFICATE = "certificate"
    TABLE = "table"
    ACCOUNT = "account"


@dataclass(frozen=True)
class WantedFile:
    """One file of a payer. `which` says which of its kind: a certificate's id, or a table's filter as parameters of an
    address."""

    kind: FileKind
    which: str = ""


def make_token(session: Session, person_id: str, file: WantedFile, ports: Ports) -> str:
    """What the link ends in: sealed, so that it tells nothing and nobody makes or changes one. The address of the file
    itself goes on asking for a session."""
    until = int((ports.clock.now() + LIFE).timestamp())
    said = f"{session.session_id} {person_id} {until} {file.kind.value} {file.which}"
    return personal_data_keys().seal_text(said, _SEALED)


def open_token(
    token: str, idle: dt.timedelta, absolute: dt.timedelta, ports: Ports
) -> tuple[Session, WantedFile]:
    """The session a link was made in, and its file. Raises DownloadLinkOver for what is no link, is too old, or was
    made in a session that is over."""
    try:
        said = personal_data_keys().open_text(token, _SEALED)
    except Unreadable:
        raise DownloadLinkOver from None
    session_id, person_id, until, kind, which = said.split(" ", 4)
    if ports.clock.now().timestamp() >= int(until):
        raise DownloadLinkOver
    living = list_sessions(person_id, idle, absolute, ports)
    made_in = next((session for session in living if session.session_id == session_id), None)
    if made_in is None:
        raise DownloadLinkOver
    return made_in, WantedFile(FileKind(kind), which)
