"""Login and sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.identity import Standing
from contract.people import DocumentType


@dataclass(frozen=True)
class WechatCode:
    """The code WeChat's web authorisation, or a mini program's login, gave the client."""

    code: str


@dataclass(frozen=True)
class SessionOpened:
    """Send `token` as `Authorization: Bearer <token>`. `consent_version` is the present privacy text.

    `standing` says what login asks: `new` everything, `known` a code for the person named here (masked), `recent`
    nothing: the session is a payer's. `consent_needed` whether the present text must be agreed to for a code.
    """

    token: str
    idle_seconds: int
    consent_version: str
    standing: Standing
    consent_needed: bool = True
    payer_name: str = ""
    payer_number: str = ""
    payer_phone: str = ""


@dataclass(frozen=True)
class LoginCodeWanted:
    """The person as typed; name, number and phone all left out: the person of last time. `consent_version` says
    which privacy text the person agreed to."""

    name: str = ""
    document_number: str = ""
    phone: str = ""
    consent_version: str = ""
    document_type: DocumentType = DocumentType.RESIDENT_ID


@dataclass(frozen=True)
class CodeOnItsWay:
    """Another code may be asked for after `resend_after` seconds; this one lives `valid_for` seconds. `notice`,
    when not empty, is shown."""

    resend_after: int
    valid_for: int
    notice: str


@dataclass(frozen=True)
class Login:
    """The code, and the person as the code was asked for."""

    code: str
    name: str = ""
    document_number: str = ""
    phone: str = ""
    document_type: DocumentType = DocumentType.RESIDENT_ID


@dataclass(frozen=True)
class OpenSession:
    """One login of the payer. `device` is its kind; `current` the one that asks."""

    session_id: str
    device: str
    since: dt.datetime
    last_seen_at: dt.datetime
    current: bool


@dataclass(frozen=True)
class OpenSessions:
    """The last used first."""

    sessions: tuple[OpenSession, ...]
