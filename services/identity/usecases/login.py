"""A code on the phone, and the login with it (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import math
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from contract.audit import Act, Action, resident
from contract.errors import ContractError, DeadlineExceeded, TooMany
from contract.identity import (
    CodeExpired,
    CodeNotSent,
    ConsentMissing,
    LoggedIn,
    LogIn,
    LoginCodeSent,
    PhoneChanged,
    RequestLoginCode,
    TooManyCodes,
    TooManyGuesses,
    WrongCode,
)  # fmt: skip
from contract.notify import SendCode, send_code
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.clock import china
from kit.crypto import blind_index
from kit.seals import SealedRow
from services.identity.domain import codes, people
from services.identity.domain.codes import LOGIN, Challenge, Guess, Limit
from services.identity.domain.logins import KnownPayer, logged_in
from services.identity.domain.people import Applicant
from services.identity.usecases.login_wiring import LoginWiring

KEEP = dt.timedelta(days=1)
LATE_SMS = "短信网络繁忙，验证码可能会晚到。收到后可直接填写；如一直没有收到，请稍后重新获取。"

Taken = list[tuple[Limit, dt.datetime]]

_log = logging.getLogger(__name__)


def request_login_code(request: RequestLoginCode, w: LoginWiring) -> LoginCodeSent:
    """Send a code to the phone, whether or not the person is known.

    The challenge is committed before the SMS is asked for: a code that arrives always works. Raises InvalidName,
    InvalidIdNumber, InvalidDocumentNumber, InvalidPhone, TooManyCodes or CodeNotSent.
    """
    now, rules = w.clock.now(), w.rules
    who = _applicant(request, now)
    if not people.region_known(who.person):
        _log.warning("a document number names no known province")
    challenge_id, code = str(uuid.uuid4()), f"{secrets.randbelow(10**6):06d}"
    with w.database.transaction() as tx:
        taken = _take_all(tx, codes.code_limits(rules, who, request.client_ip), now, w, TooManyCodes)
        code_hash = _code_hash(challenge_id, code)
        w.codes.open_challenge(tx, Challenge(challenge_id, LOGIN, who, code_hash, now, now + rules.valid_for))
    notice = ""
    try:
        minutes = math.ceil(rules.valid_for.total_seconds() / 60)
        w.peers.call(send_code, SendCode(challenge_id, who.phone, code, minutes))
    except DeadlineExceeded:
        # The SMS may be on its way: the code stays good and the limits stay taken.
        notice = LATE_SMS
    except ContractError as error:
        _take_back(challenge_id, taken, w)
        raise CodeNotSent from error
    return LoginCodeSent(
        challenge_id, int(rules.resend_after.total_seconds()), int(rules.valid_for.total_seconds()), notice
    )


def log_in(request: LogIn, w: LoginWiring) -> LoggedIn:
    """Log in whoever typed the newest code sent to this phone for this person and WeChat user.

    A wrong guess is counted and committed before WrongCode is raised; every other mismatch is CodeExpired, so that
    nothing is learnt about what was asked for by others. TooManyGuesses comes before the code is looked at, and
    ConsentMissing only after it proved right; both leave the code as good as it was. Rows are always locked in this
    order: challenge, limits, person, bindings.
    """
    try:
        return _log_in(request, w)
    except (CodeExpired, WrongCode, TooManyGuesses, ConsentMissing) as refused:
        # In a transaction of its own: the refused one may have left nothing.
        with w.database.transaction() as tx:
            act = Act(
                visitor(request.openid), Action.LOGIN_REFUSED, result=refused.code, origin=request.client_ip
            )
            w.journal.add(tx, act, w.clock.now())
        raise


def _log_in(request: LogIn, w: LoginWiring) -> LoggedIn:
    now = w.clock.now()
    who = _applicant(request, now)
    with w.database.transaction() as tx:
        guess = w.codes.guess(tx, request.challenge_id, LOGIN, who, w.rules.tries, now)
        limits = codes.guess_limits(w.rules, who, request.client_ip, for_own_code=guess is not None)
        taken = _take_all(tx, limits, now, w, TooManyGuesses)
        right = guess is not None and _matches(guess, request)
        if right:
            _give_back(tx, taken, w)
            w.codes.end_challenge(tx, request.challenge_id, "used")
            payer, rows = _enter(tx, who, request.consent_version, now, w)
            _note_card_consent(tx, payer, request.card_consent_version, now, w)
            told = {"as": visitor(request.openid)}
            act = Act(resident(payer.person_id), Action.LOGIN, detail=told, origin=request.client_ip)
            w.journal.add(tx, act, now, rows)
    if guess is None:
        raise CodeExpired
    if not right:
        raise WrongCode(field="code", tries_left=w.rules.tries - guess.tries)
    return logged_in(payer, now)


def visitor(openid: str) -> str:
    """A WeChat user as the journal names one who is nobody yet: the same for the same openid, and not it."""
    return f"visitor:{blind_index('journal.openid', openid).hex()[:16]}"


def forget_old(w: LoginWiring) -> None:
    """Delete codes and counters that no longer mean anything."""
    with w.database.transaction() as tx:
        w.codes.forget(tx, w.clock.now() - KEEP)


def _enter(
    tx: Any, who: Applicant, consent_version: str, now: dt.datetime, w: LoginWiring
) -> tuple[KnownPayer, list[SealedRow]]:
    """Record the login, the consent and a change of phone; who it is, and the rows for the journal. Raises
    ConsentMissing, which undoes all of it."""
    payer, moved = w.logins.enter(tx, str(uuid.uuid4()), who.person, who.phone, now)
    present = CONSENT_VERSIONS[ConsentKind.PRIVACY]
    if consent_version == present:
        w.consents.give(tx, payer.person_id, ConsentKind.PRIVACY, present, now)
    elif w.consents.latest(tx, payer.person_id, ConsentKind.PRIVACY) != present:
        raise ConsentMissing(field="consent")
    rows = [w.logins.bind(tx, who.openid, payer.person_id, now)]
    if moved:
        rows += w.logins.end_others(tx, who.openid, payer.person_id)
        w.outbox.add(tx, PhoneChanged(payer.person_id, payer.phone_version), payer.person_id, now)
    return payer, rows


def _note_card_consent(tx: Any, payer: KnownPayer, version: str, now: dt.datetime, w: LoginWiring) -> None:
    """The gateway read a card only after the text of that day was agreed to: that one is recorded."""
    if version:
        w.consents.give(tx, payer.person_id, ConsentKind.CARD_PHOTO, version, now)


def _applicant(request: RequestLoginCode | LogIn, now: dt.datetime) -> Applicant:
    today = china(now).date()
    person = people.person_of(request.document_type, request.document_number, request.name, today)
    return Applicant(request.openid, person, people.normal_phone(request.phone))


def _take_all(
    tx: Any, limits: Sequence[Limit], now: dt.datetime, w: LoginWiring, refusal: type[TooMany]
) -> Taken:
    """Count one more for every limit. Raises `refusal` at a cap, which rolls back what was counted before."""
    taken: Taken = []
    for limit in limits:
        ends_at = w.codes.take(tx, limit, now)
        if ends_at is None:
            free_at = w.codes.window_end(tx, limit) or now
            seconds = max(1, math.ceil((free_at - now).total_seconds()))
            _log.info("a code limit was reached", extra={"scope": limit.scope})
            text = codes.wait_text if refusal is TooManyCodes else codes.lock_text
            raise refusal(text(seconds), retry_after=seconds)
        taken.append((limit, ends_at))
    return taken


def _give_back(tx: Any, taken: Taken, w: LoginWiring) -> None:
    for limit, ends_at in taken:
        w.codes.give_back(tx, limit, ends_at)


def _take_back(challenge_id: str, taken: Taken, w: LoginWiring) -> None:
    """No SMS went out: the challenge is dead and nobody has to wait or loses one of their codes."""
    with w.database.transaction() as tx:
        _give_back(tx, taken, w)
        w.codes.end_challenge(tx, challenge_id, "unsent")


def _matches(guess: Guess, request: LogIn) -> bool:
    typed = _code_hash(request.challenge_id, people.normal_code(request.code))
    return hmac.compare_digest(guess.code_hash, typed)


def _code_hash(challenge_id: str, code: str) -> bytes:
    return blind_index("challenges.code", f"{challenge_id}\0{code}")
