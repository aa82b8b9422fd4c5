"""From a WeChat user to a payer and back (requirement 3.2.1.2).

Identity alone says what a visitor must do: nothing within the half hour, a code after it, everything at first.
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from dataclasses import dataclass, replace
from typing import Any

from contract import identity
from contract.errors import ContractError, InvalidInput
from contract.identity import ConsentMissing, LoggedIn, Recalled, Standing
from contract.people import DocumentType
from services.gateway.domain import sessions
from services.gateway.domain.sessions import PRIVACY_VERSION, LoggedInPayer, RecalledPerson, Session
from services.gateway.usecases.ports import Ports

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Applicant:
    """Who logs in, as typed; identity judges it."""

    name: str
    document_number: str
    phone: str
    client_ip: str
    document_type: DocumentType = DocumentType.RESIDENT_ID


def enter(openid: str, device: str, ports: Ports) -> tuple[str, Session]:
    """A new session for who comes from WeChat, and its token: a payer's within the half hour, else a visitor's."""
    recalled = _recall(openid, ports) or Recalled(Standing.NEW)
    token, session = _session_for(openid, recalled, device, ports.clock.now())
    with ports.transactions.transaction() as tx:
        ports.sessions.add(tx, session)
    return token, session


def enter_again(session: Session, device: str, ports: Ports) -> tuple[str | None, Session]:
    """The session of who comes through the menu with a live one; a token where a new session took its place.

    While identity does not answer, the session goes on within its own limits.
    """
    recalled = _recall(session.openid, ports)
    if recalled is None:
        return None, session
    if _begins_anew(session, recalled):
        token, newer = _session_for(session.openid, recalled, device, ports.clock.now())
        _put_in_place(session, newer, ports)
        return token, newer
    same = replace(session, recalled=_recalled_person(recalled))
    if same != session:
        with ports.transactions.transaction() as tx:
            ports.sessions.save(tx, same)
    return None, same


def recalled_applicant(session: Session, client_ip: str) -> Applicant | None:
    """Who the SMS page shows, whole; None where everything must be typed."""
    last = session.recalled
    if last is None:
        return None
    person = last.person
    return Applicant(person.name, person.document_number, last.phone, client_ip, person.document_type)


def needs_consent(session: Session) -> bool:
    """Whether the SMS page asks for the consent: who agreed to the present text is not asked again."""
    return session.recalled is None or session.recalled.consent_version != PRIVACY_VERSION


def request_login_code(
    session: Session, who: Applicant, consent: str, ports: Ports
) -> identity.LoginCodeSent:
    """Send a code; the challenge stays in the session. Raises ConsentMissing without consent to the present text,
    and what identity.request_login_code raises."""
    if who == recalled_applicant(session, who.client_ip) and not needs_consent(session):
        consent = PRIVACY_VERSION
    if consent != PRIVACY_VERSION:
        raise ConsentMissing(field="consent_version")
    request = identity.RequestLoginCode(
        session.openid, who.name, who.document_number, who.phone, who.client_ip, who.document_type
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


def log_in(session: Session, who: Applicant, code: str, device: str, ports: Ports) -> tuple[str, Session]:
    """A new session for the person, with a new token; the old one is dead (security.md 3).

    Raises InvalidInput when no code was asked for or typed, and what identity.log_in raises.
    """
    if session.challenge_id is None or session.consent_version != PRIVACY_VERSION:
        raise InvalidInput("请先点“获取验证码”，再填写短信里的验证码。", field="code")
    if not code.strip():
        raise InvalidInput("请输入短信里的验证码。", field="code")
    request = identity.LogIn(
        session.openid, session.challenge_id, who.name, who.document_number, who.phone, code, who.client_ip,
        who.document_type, session.consent_version, session.card_consent_version or "",
    )  # fmt: skip
    login = ports.peers.call(identity.log_in, request)
    token, newer = _payer_session(
        session.openid, login, device, ports.clock.now(),
        consent_version=session.consent_version, consented_at=session.consented_at,
    )  # fmt: skip
    _put_in_place(session, newer, ports)
    return token, newer


def log_out(session: Session, ports: Ports) -> None:
    """Kill the session; the next visit asks for a code, however soon."""
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, session.token_hash)
    end_login(session, ports)


def end_login(session: Session, ports: Ports) -> None:
    """Tell identity that the payer leaves this WeChat user. The session is dead whether or not identity hears it."""
    if session.payer is None:
        return
    try:
        ports.peers.call(identity.end_login, identity.EndLogin(session.openid, session.payer.person_id))
    except ContractError as error:
        _log.warning("a login was not ended at identity: %s", error.code)


def _recall(openid: str, ports: Ports) -> Recalled | None:
    """None while identity does not answer: nobody is kept from logging in or going on by that."""
    try:
        return ports.peers.call(identity.recall_visitor, identity.RecallVisitor(openid))
    except ContractError as error:
        _log.warning("a visitor was not recalled: %s", error.code)
        return None


def _begins_anew(session: Session, recalled: Recalled) -> bool:
    """Whether the WeChat user is no longer who the session says."""
    login, payer = recalled.login, session.payer
    if login is None:
        return payer is not None and recalled.standing is Standing.NEW
    return payer is None or (payer.person_id, session.phone_version) != (login.person_id, login.phone_version)


def _session_for(openid: str, recalled: Recalled, device: str, now: dt.datetime) -> tuple[str, Session]:
    if recalled.login is not None:
        return _payer_session(
            openid, recalled.login, device, now, consent_version=recalled.consent_version or None
        )
    return _open_session(openid, now, recalled=_recalled_person(recalled), device=device)


def _recalled_person(recalled: Recalled) -> RecalledPerson | None:
    if recalled.standing is not Standing.KNOWN or recalled.person is None:
        return None
    return RecalledPerson(recalled.person, recalled.phone, recalled.consent_version)


def _payer_session(
    openid: str, login: LoggedIn, device: str, now: dt.datetime, **more: Any
) -> tuple[str, Session]:
    payer = LoggedInPayer(login.person_id, login.person, login.phone)
    return _open_session(
        openid, now, payer=payer, logged_in_at=login.logged_in_at, phone_version=login.phone_version,
        device=device, **more,
    )  # fmt: skip


def _open_session(openid: str, now: dt.datetime, **more: Any) -> tuple[str, Session]:
    token = secrets.token_urlsafe(32)
    return token, Session(sessions.hash_of(token), openid, secrets.token_urlsafe(32), now, now, **more)


def _put_in_place(old: Session, newer: Session, ports: Ports) -> None:
    with ports.transactions.transaction() as tx:
        ports.sessions.remove(tx, old.token_hash)
        ports.sessions.add(tx, newer)
