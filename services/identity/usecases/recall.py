"""Who a WeChat user was last time: cases 2 and 3 of requirement 3.2.1.2."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from contract.audit import Act, Action, resident
from contract.errors import InvalidInput
from contract.identity import EndLogin, LoginEnded, Recalled, RecallVisitor, Standing
from contract.people import Person
from contract.rights import ConsentKind
from kit.clock import china
from services.identity.adapters.base import RegisteredPerson, RegistryUnavailable
from services.identity.domain import people
from services.identity.domain.logins import logged_in
from services.identity.usecases.login_wiring import LoginWiring

_log = logging.getLogger(__name__)


def recall_visitor(request: RecallVisitor, w: LoginWiring) -> Recalled:
    """Who comes through the menu, and whether a code is needed.

    Within half an hour of the last code it is the person of that login. Later it is the person of the 移动办税实名库,
    or else the one of last time. The registry never keeps anybody from logging in: without its answer the last login
    counts, or everything is typed.
    """
    now = w.clock.now()
    with w.database.read() as tx:
        last = w.logins.last_login(tx, request.openid)
        if last is not None and last.is_recent(now, w.reuse):
            payer = last.payer
            version = _consent_version(tx, payer.person_id, w)
            login = logged_in(payer, last.logged_in_at)
            return Recalled(Standing.RECENT, payer.person, payer.phone, login, version)
    registered = _registered(request.openid, china(now).date(), w)
    with w.database.read() as tx:
        if registered is not None:
            person, phone = registered
            known_id = w.logins.id_of(tx, person)
            version = _consent_version(tx, known_id, w) if known_id else ""
            return Recalled(Standing.KNOWN, person, phone, consent_version=version)
        if last is not None:
            version = _consent_version(tx, last.payer.person_id, w)
            return Recalled(Standing.KNOWN, last.payer.person, last.payer.phone, consent_version=version)
    return Recalled(Standing.NEW)


def end_login(request: EndLogin, w: LoginWiring) -> LoginEnded:
    """The person leaves this WeChat user: the next visit asks for a code, however soon it comes."""
    with w.database.transaction() as tx:
        rows = w.logins.end(tx, request.openid, request.person_id)
        w.journal.add(tx, Act(resident(request.person_id), Action.LOGOUT), w.clock.now(), rows)
    return LoginEnded(request.person_id)


def _consent_version(tx: Any, person_id: str, w: LoginWiring) -> str:
    return w.consents.latest(tx, person_id, ConsentKind.PRIVACY)


def _registered(openid: str, today: dt.date, w: LoginWiring) -> tuple[Person, str] | None:
    """The person and phone of the registry by our own rules; nobody where it does not answer or they do not pass."""
    try:
        entry = w.real_names.find(openid)
    except RegistryUnavailable as reason:
        _log.warning("the real-name registry was of no use: %s", reason)
        return None
    return None if entry is None else _checked(entry, today)


def _checked(entry: RegisteredPerson, today: dt.date) -> tuple[Person, str] | None:
    try:
        person = people.person_of(entry.document_type, entry.document_number, entry.name, today)
        return person, people.normal_phone(entry.phone)
    except InvalidInput as error:
        _log.warning("an entry of the real-name registry cannot be used: %s", error.code)
        return None
