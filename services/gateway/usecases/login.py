"""From a WeChat user to a payer and back (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, replace
from typing import Any

from contract import identity
from contract.errors import InvalidInput
from services.gateway.domain import sessions
from services.gateway.domain.sessions import LoggedInPayer, Session
from services.gateway.usecases.ports import Ports


@dataclass(frozen=True)
class Applicant:
    """What was typed on 用户认证, as typed; identity judges it."""

    name: str
    document_number: str
    phone: str
    client_ip: str


def enter(openid: str, ports: Ports) -> str:
    """A new visitor's session for a WeChat user; returns its token."""
    token, session = _open_session(openid, ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.sessions.add(tx, session)
    return token


def request_login_code(
    session: Session, who: Applicant, consent: str, ports: Ports
) -> identity.LoginCodeSent:
    """Send a code; the challenge stays in the session. Raises InvalidInput without consent, and what
    identity.request_login_code raises."""
    if consent != sessions.CONSENT_VERSION:
        raise InvalidInput("请先阅读并勾选同意《个人信息保护与授权说明》。", field="consent")
    request = identity.RequestLoginCode(
        session.openid, who.name, who.document_number, who.phone, who.client_ip
    )
    sent = ports.peers.call(identity.request_login_code, request)
    now = ports.clock.now()
    kept = replace(
        session, challenge_id=sent.challenge_id, resend_at=now + dt.timedelta(seconds=sent.resend_after),
        consent_version=consent, consented_at=now, last_seen_at=now,
    )  # fmt: skip
    with ports.transactions.transaction() as tx:
        ports.sessions.save(tx, kept)
    return sent


def log_in(session: Session, who: Applicant, code: str, ports: Ports) -> tuple[str, Session]:
    """A new session for the person, with a new token; the old one is dead (security.md 3).

    Raises InvalidInput when no code was asked for or typed, and what identity.log_in raises.
    """
    if session.challenge_id is None or session.consent_version != sessions.CONSENT_VERSION:
        raise InvalidInput("请先点“获取验证码”，再填写短信里的验证码。", field="code")
    if not code.strip():
        raise InvalidInput("请输入短信里的验证码。", field="code")
    request = identity.LogIn(
        session.openid, session.challenge_id, who.name, who.document_number, who.phone, code, who.client_ip
    )
    known = ports.peers.call(identity.log_in, request)
    token, newer = _open_session(
        session.openid, ports.clock.now(), payer=LoggedInPayer(known.person_id, known.person, known.phone),
        consent_version=session.consent_version, consented_at=session.consented_at,
    )  # fmt: skip
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, session.token_hash)
        ports.sessions.add(tx, newer)
    return token, newer


def log_out(session: Session, ports: Ports) -> None:
    """Kill the session."""
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, session.token_hash)


def _open_session(openid: str, now: dt.datetime, **more: Any) -> tuple[str, Session]:
    token = secrets.token_urlsafe(32)
    return token, Session(sessions.hash_of(token), openid, secrets.token_urlsafe(32), now, now, **more)
