"""Login and sessions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WechatCode:
    """The code WeChat's web authorisation, or a mini program's login, gave the client."""

    code: str


@dataclass(frozen=True)
class SessionOpened:
    """Send `token` as `Authorization: Bearer <token>`. A payer's session names the payer, masked."""

    token: str
    idle_seconds: int
    consent_version: str
    payer_name: str = ""
    payer_number: str = ""


@dataclass(frozen=True)
class LoginCodeWanted:
    """The person as typed. `consent_version` says which privacy text the person agreed to."""

    name: str
    document_number: str
    phone: str
    consent_version: str


@dataclass(frozen=True)
class CodeOnItsWay:
    """Another code may be asked for after `resend_after` seconds; this one lives `valid_for` seconds. `notice`,
    when not empty, is shown."""

    resend_after: int
    valid_for: int
    notice: str


@dataclass(frozen=True)
class Login:
    """The person as typed when the code was asked for, and the code."""

    name: str
    document_number: str
    phone: str
    code: str
