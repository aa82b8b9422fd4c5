"""What the identity service does (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import math
import secrets
import uuid
from typing import Any, Protocol

from contract.errors import ContractError, DeadlineExceeded
from contract.identity import (
    CodeExpired,
    CodeNotSent,
    LoggedIn,
    LogIn,
    LoginCodeSent,
    RequestLoginCode,
    TooManyCodes,
    WrongCode,
)  # fmt: skip
from contract.notify import CodeSent, SendCode, send_code
from contract.people import Person
from contract.rpc import Method
from kit.clock import Clock, china
from kit.crypto import blind_index
from kit.database import Transactions
from services.identity.domain import codes, people
from services.identity.domain.codes import LOGIN, Challenge, CodeRules, Guess, Limit
from services.identity.domain.people import Applicant

KEEP = dt.timedelta(days=1)
LATE_SMS = "短信网络繁忙，验证码可能会晚到。收到后可直接填写；如一直没有收到，请稍后重新获取。"

_log = logging.getLogger(__name__)


class Storage(Protocol):
    """What these use cases need of a database; see IdentityStorage."""

    def take(self, tx: Any, limit: Limit, now: dt.datetime) -> dt.datetime | None: ...
    def window_end(self, tx: Any, limit: Limit) -> dt.datetime | None: ...
    def give_back(self, tx: Any, limit: Limit, ends_at: dt.datetime) -> None: ...
    def open_challenge(self, tx: Any, challenge: Challenge) -> None: ...
    def end_challenge(self, tx: Any, challenge_id: str, state: str) -> None: ...
    def guess(
        self, tx: Any, challenge_id: str, purpose: str, who: Applicant, most: int, now: dt.datetime
    ) -> Guess | None: ...
    def record_login(self, tx: Any, person_id: str, person: Person, phone: str, now: dt.datetime) -> str: ...
    def forget(self, tx: Any, before: dt.datetime) -> None: ...


class Peers(Protocol):
    """Calls other services."""

    def call(self, method: Method[SendCode, CodeSent], request: SendCode) -> CodeSent: ...


def request_login_code(
    request: RequestLoginCode, transactions: Transactions, storage: Storage, peers: Peers, clock: Clock,
    rules: CodeRules,
) -> LoginCodeSent:  # fmt: skip
    """Send a code to the phone, whether or not the person is known.

    The challenge is committed before the SMS is asked for: a code that arrives always works. Raises InvalidName,
    InvalidIdNumber, InvalidPhone, TooManyCodes or CodeNotSent.
    """
    now = clock.now()
    who = _applicant(request, now)
    if not people.region_known(who.person):
        _log.warning("a document number names no known province")
    challenge_id, code = str(uuid.uuid4()), f"{secrets.randbelow(10**6):06d}"
    limits = codes.code_limits(rules, who, request.client_ip)
    with transactions.transaction() as tx:
        taken = [(limit, _take(tx, storage, limit, now)) for limit in limits]
        code_hash = _code_hash(challenge_id, code)
        storage.open_challenge(tx, Challenge(challenge_id, LOGIN, who, code_hash, now, now + rules.valid_for))
    notice = ""
    try:
        minutes = math.ceil(rules.valid_for.total_seconds() / 60)
        peers.call(send_code, SendCode(challenge_id, who.phone, code, minutes))
    except DeadlineExceeded:
        # The SMS may be on its way: the code stays good and the limits stay taken.
        notice = LATE_SMS
    except ContractError as error:
        _take_back(transactions, storage, challenge_id, taken)
        raise CodeNotSent from error
    return LoginCodeSent(
        challenge_id, int(rules.resend_after.total_seconds()), int(rules.valid_for.total_seconds()), notice
    )


def log_in(
    request: LogIn, transactions: Transactions, storage: Storage, clock: Clock, rules: CodeRules
) -> LoggedIn:
    """Log in whoever typed the newest code sent to this phone for this person and WeChat user.

    A wrong try is counted and committed before WrongCode is raised; every other mismatch is CodeExpired, so that
    nothing is learnt about what was asked for by others.
    """
    now = clock.now()
    who = _applicant(request, now)
    with transactions.transaction() as tx:
        guess = storage.guess(tx, request.challenge_id, LOGIN, who, rules.tries, now)
        right = guess is not None and _matches(guess, request)
        if right:
            storage.end_challenge(tx, request.challenge_id, "used")
            person_id = storage.record_login(tx, str(uuid.uuid4()), who.person, who.phone, now)
    if guess is None:
        raise CodeExpired
    if not right:
        raise WrongCode(field="code", tries_left=rules.tries - guess.tries)
    return LoggedIn(person_id, who.person, who.phone)


def forget_old(transactions: Transactions, storage: Storage, clock: Clock) -> None:
    """Delete codes and counters that no longer mean anything."""
    with transactions.transaction() as tx:
        storage.forget(tx, clock.now() - KEEP)


def _applicant(request: RequestLoginCode | LogIn, now: dt.datetime) -> Applicant:
    today = china(now).date()
    person = people.person_of(request.document_type, request.document_number, request.name, today)
    return Applicant(request.openid, person, people.normal_phone(request.phone))


def _take(tx: Any, storage: Storage, limit: Limit, now: dt.datetime) -> dt.datetime:
    """Raises TooManyCodes, which rolls back what was counted for the other limits."""
    ends_at = storage.take(tx, limit, now)
    if ends_at is None:
        free_at = storage.window_end(tx, limit) or now
        seconds = max(1, math.ceil((free_at - now).total_seconds()))
        _log.info("a code limit was reached", extra={"scope": limit.scope})
        raise TooManyCodes(codes.wait_text(seconds), retry_after=seconds)
    return ends_at


def _take_back(
    transactions: Transactions, storage: Storage, challenge_id: str, taken: list[tuple[Limit, dt.datetime]]
) -> None:
    """No SMS went out: the challenge is dead and nobody has to wait or loses one of their codes."""
    with transactions.transaction() as tx:
        for limit, ends_at in taken:
            storage.give_back(tx, limit, ends_at)
        storage.end_challenge(tx, challenge_id, "unsent")


def _matches(guess: Guess, request: LogIn) -> bool:
    typed = _code_hash(request.challenge_id, people.normal_code(request.code))
    return hmac.compare_digest(guess.code_hash, typed)


def _code_hash(challenge_id: str, code: str) -> bytes:
    return blind_index("challenges.code", f"{challenge_id}\0{code}")
