"""Logging in: password, then second factor, then, the first time, a password of one's own (security.md 3).

Whatever is wrong with account or password, the answer and the time it takes are the same. Every refusal is committed
before it is told, so that nobody guesses without being counted.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace
from typing import Any

from contract.audit import staff as by_staff
from contract.errors import InvalidInput
from kit.audit import Action
from services.console.domain import totp
from services.console.domain.accounts import Account, failed, fit_name, released
from services.console.domain.passwords import PasswordUnfit, check_new, recovery_codes
from services.console.domain.sessions import Session, Stage, hash_of, new_token
from services.console.errors import CodeWrong, LoginRefused, TooManyRefusals
from services.console.usecases.wiring import Wiring


def begin_login(account: str, password: str, address: str, w: Wiring) -> str:
    """The token of a session that waits for the second factor. Raises LoginRefused, TooManyRefusals."""
    account, now = account.strip().lower(), w.clock.now()
    with w.database.read() as connection:
        if w.refusals.read(connection, address, now) >= w.refusals_per_hour:
            raise TooManyRefusals(retry_after=3600)
        known: Account | None = w.accounts.find(connection, account)
    right = w.hasher.verify(known.password_hash if known else "", password)
    with w.database.transaction() as tx:
        found: Account | None = w.accounts.find(tx, account, lock=True)
        able = found is not None and found.disabled_at is None and not found.locked(now)
        # Between the look and the lock the password may have been changed.
        same = found is not None and known is not None and found.password_hash == known.password_hash
        if right and able and same and found is not None:
            return _new_session(tx, found, Stage.PASSWORD, address, now, w)
        if able and found is not None:
            found = _count_failure(tx, found, now, w)
        w.refusals.add(tx, address, now)
        told = account if fit_name(account) else "unfit"
        w.note(tx, "visitor", Action.LOGIN_REFUSED, told, now, result="password")
    raise LoginRefused()


def finish_login(session: Session, typed: str, w: Wiring) -> tuple[str, tuple[str, ...]]:
    """The token of a full session in place of the one half way; with recovery codes, to be shown once, where the second
    factor was enrolled by this. Raises CodeWrong."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        account: Account = w.accounts.find(tx, session.account.account, lock=True)
        if not account.locked(now):
            passed = _passed(tx, account, session, typed, now, w)
            if passed is not None:
                return _let_in(tx, passed, session, enrolled=not account.secret, w=w)
            account = _count_failure(tx, account, now, w)
        if account.locked(now):
            w.sessions.remove(tx, session.token_hash)
        w.refusals.add(tx, session.address, now)
        w.note(tx, by_staff(account.account), Action.LOGIN_REFUSED, account.account, now, result="factor")
    raise CodeWrong(field="code")


def change_password(session: Session, current: str, password: str, again: str, w: Wiring) -> None:
    """A password of one's own; every other session of the account ends. Raises LoginRefused for a wrong current one,
    PasswordUnfit, InvalidInput."""
    account, now = session.account, w.clock.now()
    if password != again:
        raise InvalidInput("两次输入的新密码不一样，请重新输入。", field="again")
    check_new(password, account.account, account.name)
    right = w.hasher.verify(account.password_hash, current)
    with w.database.read() as connection:
        before = w.accounts.remembered(connection, account.account)
    if right and any(w.hasher.verify(one, password) for one in {account.password_hash, *before}):
        raise PasswordUnfit("新密码最近用过，请换一个没有用过的。", field="password")
    hashed = w.hasher.hash(password) if right else ""
    with w.database.transaction() as tx:
        found: Account = w.accounts.find(tx, account.account, lock=True)
        if right and found.password_hash == account.password_hash:
            row = w.accounts.save(tx, replace(found, password_hash=hashed, must_change=False))
            w.accounts.remember(tx, account.account, hashed, now)
            w.sessions.remove_all(tx, account.account, session.token_hash)
            w.note(tx, by_staff(account.account), Action.PASSWORD_CHANGED, account.account, now, (row,))
            return
        if _count_failure(tx, found, now, w).locked(now):
            w.sessions.remove_all(tx, account.account)
    raise LoginRefused("现在的密码不正确。连续输错5次，账号锁定15分钟。", field="current")


def log_out(session: Session, w: Wiring) -> None:
    """The session is dead, here and on the server."""
    now = w.clock.now()
    with w.database.transaction() as tx:
        w.sessions.remove(tx, session.token_hash)
        w.note(tx, by_staff(session.account.account), Action.LOGOUT, session.account.account, now)


def _passed(
    tx: Any, account: Account, session: Session, typed: str, now: dt.datetime, w: Wiring
) -> Account | None:
    """The account after its second factor was shown; None where it was not."""
    secret = account.secret or session.offered
    step = totp.accepted_step(secret, typed, now, account.last_step if account.secret else 0)
    if step is not None:
        return replace(account, secret=secret, last_step=step)
    if account.secret and w.accounts.use_code(tx, account.account, typed, now):
        return account
    return None


def _let_in(
    tx: Any, account: Account, session: Session, *, enrolled: bool, w: Wiring
) -> tuple[str, tuple[str, ...]]:
    now, actor = w.clock.now(), by_staff(account.account)
    account = replace(released(account), last_login_at=now)
    row = w.accounts.save(tx, account)
    codes: tuple[str, ...] = ()
    if enrolled:
        codes = recovery_codes()
        w.accounts.set_codes(tx, account.account, codes)
        w.note(tx, actor, Action.FACTOR_ENROLLED, account.account, now, (row,))
    w.sessions.remove(tx, session.token_hash)
    w.sessions.make_room(tx, account.account, w.sessions_each)
    token = _new_session(tx, account, Stage.FULL, session.address, now, w)
    w.note(tx, actor, Action.LOGIN, account.account, now)
    return token, codes


def _new_session(tx: Any, account: Account, stage: Stage, address: str, now: dt.datetime, w: Wiring) -> str:
    token = new_token()
    offered = totp.new_secret() if stage is Stage.PASSWORD and not account.secret else ""
    csrf = secrets.token_urlsafe(32)
    w.sessions.add(tx, Session(hash_of(token), account, stage, csrf, offered, address, now, now))
    return token


def _count_failure(tx: Any, account: Account, now: dt.datetime, w: Wiring) -> Account:
    after = failed(account, now)
    w.accounts.save(tx, after)
    if after.locked(now):
        w.note(tx, "system:console", Action.ACCOUNT_LOCKED, account.account, now, failures=after.failures)
    return after
