"""Accounts on PostgreSQL: counted by all replicas alike, and believed only as the console wrote them."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from contract.staff import PROVINCE, Role
from kit.clock import SetClock
from kit.database import Database
from services.console.domain import totp
from services.console.domain.accounts import MOST_FAILURES
from services.console.domain.passwords import REMEMBERED
from services.console.domain.sessions import Session, hash_of
from services.console.errors import CodeWrong, LoginRefused
from services.console.models import journal
from services.console.usecases import accounts, login
from services.console.usecases.wiring import Wiring

ADDRESS, PASSWORD = "10.20.0.9", "榕江 夜雨 42 灯笼 渡口"


def made(w: Wiring, role: Role = Role.AUTHORITY, level: str = PROVINCE) -> tuple[str, str]:
    """A new account and its one-time password."""
    account = f"a{uuid.uuid4().hex[:12]}"
    return account, accounts.make_account("cli:root", account, "黄敏", role, level, w)


def session(w: Wiring, token: str) -> Session | None:
    with w.database.read() as connection:
        found: Session | None = w.sessions.find(connection, hash_of(token))
    return found


def half_way(w: Wiring, account: str, password: str) -> Session:
    found = session(w, login.begin_login(account, password, ADDRESS, w))
    assert found is not None
    return found


def code(one: Session, clock: SetClock) -> str:
    return totp.code_at(one.account.secret or one.offered, totp.step_of(clock.now()))


def logged_in(w: Wiring, clock: SetClock, role: Role = Role.AUTHORITY) -> tuple[str, str]:
    """An account with a password of its own, and the token of its session."""
    account, first = made(w, role)
    half = half_way(w, account, first)
    token, _ = login.finish_login(half, code(half, clock), w)
    found = session(w, token)
    assert found is not None
    login.change_password(found, first, PASSWORD, PASSWORD, w)
    clock.advance(seconds=30)
    return account, token


def test_a_whole_first_login_is_kept_and_journalled(w: Wiring, clock: SetClock, database: Database) -> None:
    account, token = logged_in(w, clock)
    found = session(w, token)
    assert found is not None and found.account.account == account and not found.account.must_change
    with database.read() as connection:
        assert w.accounts.codes_left(connection, account) == 8
        told = connection.execute(
            select(journal.c.action, journal.c.detail).where(journal.c.target == f"account:{account}")
        ).all()
        kept = connection.execute(text("SELECT password_hash, secret FROM accounts"), {}).all()
    assert [row.action for row in told] == ["account.created", "factor.enrolled", "login", "password.changed"]
    assert found.account.secret.encode() not in b"".join(bytes(row.secret) for row in kept), (
        "encrypted at rest"
    )
    assert PASSWORD not in str(told)


def test_guesses_at_the_same_moment_are_all_counted(w: Wiring, clock: SetClock) -> None:
    account, _ = made(w)

    def guess(number: int) -> None:
        with pytest.raises(LoginRefused):
            login.begin_login(account, f"guess {number}", ADDRESS, w)

    with ThreadPoolExecutor(MOST_FAILURES) as pool:
        list(pool.map(guess, range(MOST_FAILURES)))
    with w.database.read() as connection:
        found = w.accounts.find(connection, account)
        assert found is not None and found.failures == MOST_FAILURES and found.locked(clock.now())
        assert w.refusals.read(connection, ADDRESS, clock.now()) >= MOST_FAILURES


def test_one_code_of_the_second_factor_lets_one_in_however_many_type_it(w: Wiring, clock: SetClock) -> None:
    account, _ = logged_in(w, clock)
    halves = [half_way(w, account, PASSWORD) for _ in range(3)]
    typed = code(halves[0], clock)

    def finish(half: Session) -> bool:
        try:
            login.finish_login(half, typed, w)
        except CodeWrong:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(finish, halves)) == [False, False, True]


@pytest.mark.parametrize(
    "change",
    ["role = 'administrator'", "pooling_code = '450000'", "password_hash = 'hash of mine'", "disabled_at = NULL",
     "must_change = true"],
)  # fmt: skip
def test_a_row_changed_behind_our_back_lets_nobody_in(
    w: Wiring, clock: SetClock, database: Database, change: str
) -> None:
    account, first = made(w, Role.AUTHORITY, "450100")
    half = half_way(w, account, first)
    token, _ = login.finish_login(half, code(half, clock), w)
    found = session(w, token)
    assert found is not None
    login.change_password(found, first, PASSWORD, PASSWORD, w)
    with database.transaction() as tx:
        if "disabled" in change:
            stopped = w.accounts.find(tx, account)
            assert stopped is not None
            w.accounts.save(tx, type(stopped)(**vars(stopped) | {"disabled_at": clock.now()}))
        tx.execute(text(f"UPDATE accounts SET {change} WHERE account = :account"), {"account": account})
    assert session(w, token) is None
    for password in (PASSWORD, "mine"):
        with pytest.raises(LoginRefused):
            login.begin_login(account, password, ADDRESS, w)


def test_an_accounts_oldest_session_gives_way(w: Wiring, clock: SetClock) -> None:
    account, first = logged_in(w, clock)
    tokens = [first]
    for _ in range(2):
        half = half_way(w, account, PASSWORD)
        tokens.append(login.finish_login(half, code(half, clock), w)[0])
        clock.advance(seconds=30)
    assert [session(w, token) is not None for token in tokens] == [False, True, True]


def test_only_the_newest_passwords_are_remembered(w: Wiring, clock: SetClock) -> None:
    account, _ = made(w)
    with w.database.transaction() as tx:
        for number in range(REMEMBERED + 3):
            w.accounts.remember(tx, account, f"hash {number}", clock.now() + dt.timedelta(days=number))
        kept = w.accounts.remembered(tx, account)
    assert sorted(kept) == [f"hash {number}" for number in range(3, REMEMBERED + 3)]


def test_dead_sessions_and_old_refusals_are_forgotten(w: Wiring, clock: SetClock) -> None:
    _, token = logged_in(w, clock)
    now = clock.now()
    with w.database.transaction() as tx:
        w.refusals.add(tx, "10.20.0.77", now)
        w.sessions.prune(tx, now - dt.timedelta(minutes=15), now - dt.timedelta(hours=8))
        w.refusals.forget(tx, now)
        assert w.refusals.read(tx, "10.20.0.77", now) == 1
    assert session(w, token) is not None
    later = now + dt.timedelta(hours=1)
    with w.database.transaction() as tx:
        w.sessions.prune(tx, later - dt.timedelta(minutes=15), later - dt.timedelta(hours=8))
        w.refusals.forget(tx, later)
        assert w.refusals.read(tx, "10.20.0.77", now) == 0
    assert session(w, token) is None
