"""Coming in: password, second factor, a password of one's own; and staying out (security.md 3)."""

from __future__ import annotations

import base64
import datetime as dt

import pytest

from contract.errors import InvalidInput
from kit.audit import Action
from services.console.domain.accounts import LOCK
from services.console.domain.passwords import PasswordUnfit
from services.console.domain.sessions import Stage, hash_of
from services.console.errors import CodeWrong, LoginRefused, TooManyRefusals
from services.console.usecases import login
from tests.unit.console.conftest import ADDRESS, PASSWORD, Desk

IDLE, ABSOLUTE = dt.timedelta(minutes=15), dt.timedelta(hours=8)


def acts(desk: Desk) -> list[Action]:
    return [act.action for act in desk.journal.acts]


def refuse(desk: Desk, account: str, password: str = "wrong") -> None:
    with pytest.raises(LoginRefused):
        login.begin_login(account, password, ADDRESS, desk.wiring)


def test_the_first_login_enrols_the_second_factor_and_shows_recovery_codes(desk: Desk) -> None:
    half = desk.half_way("huang", desk.make())
    assert half.stage is Stage.PASSWORD and half.offered, "the password alone opens nothing"
    token, codes = login.finish_login(half, desk.code(half), desk.wiring)
    session = desk.sessions.find(hash_of(token))
    assert session is not None and session.stage is Stage.FULL
    assert session.account.must_change and session.account.secret == half.offered
    assert len(codes) == 8 and desk.sessions.find(half.token_hash) is None, "the token half way is dead"
    assert acts(desk) == [Action.ACCOUNT_CREATED, Action.FACTOR_ENROLLED, Action.LOGIN]


def test_no_word_tells_an_unknown_account_from_a_wrong_password(desk: Desk) -> None:
    desk.make()
    said = set()
    for account, password in (("huang", "wrong"), ("nobody", "wrong"), ("' OR 1=1", "wrong")):
        before = desk.hasher.verified
        with pytest.raises(LoginRefused) as refused:
            login.begin_login(account, password, ADDRESS, desk.wiring)
        said.add(refused.value.message)
        assert desk.hasher.verified == before + 1, "who does not exist takes as long"
    assert len(said) == 1 and desk.refusals.counts[ADDRESS] == 3


def test_a_sessions_token_has_256_random_bits_and_only_its_hash_is_kept(desk: Desk) -> None:
    first = desk.make()
    tokens = [login.begin_login("huang", first, ADDRESS, desk.wiring) for _ in range(2)]
    assert len(set(tokens)) == 2 and all(len(base64.urlsafe_b64decode(f"{token}=")) == 32 for token in tokens)
    assert all(desk.sessions.find(hash_of(token)) for token in tokens)
    assert not any(desk.sessions.find(token.encode()) for token in tokens)


def test_five_wrong_passwords_lock_and_time_releases(desk: Desk) -> None:
    first = desk.make()
    for _ in range(5):
        refuse(desk, "huang")
    refuse(desk, "huang", first)
    assert acts(desk).count(Action.ACCOUNT_LOCKED) == 1
    desk.clock.advance(seconds=LOCK.total_seconds() + 1)
    assert desk.half_way("huang", first).stage is Stage.PASSWORD


def test_wrong_codes_count_as_wrong_passwords_do_and_end_the_session(desk: Desk) -> None:
    desk.settled()
    desk.clock.advance(seconds=30)
    half = desk.half_way("huang", PASSWORD)
    for _ in range(5):
        with pytest.raises(CodeWrong):
            login.finish_login(half, "000000", desk.wiring)
    assert desk.accounts.kept["huang"].locked(desk.clock.now())
    assert desk.sessions.find(half.token_hash) is None
    with pytest.raises(CodeWrong):
        login.finish_login(half, desk.code(half), desk.wiring)


def test_failures_long_ago_do_not_lock(desk: Desk) -> None:
    desk.make()
    for _ in range(12):
        refuse(desk, "huang")
        desk.clock.advance(minutes=31)
    assert desk.accounts.kept["huang"].locked_until is None


def test_an_address_that_tries_many_accounts_is_kept_out(desk: Desk) -> None:
    first = desk.make()
    for number in range(30):
        refuse(desk, f"guess{number}")
    with pytest.raises(TooManyRefusals):
        login.begin_login("huang", first, ADDRESS, desk.wiring)


def test_a_used_code_of_the_second_factor_is_refused(desk: Desk) -> None:
    desk.settled()
    half = desk.half_way("huang", PASSWORD)
    with pytest.raises(CodeWrong):
        login.finish_login(half, desk.code(half), desk.wiring)  # the step that logged in a moment ago


def test_a_recovery_code_stands_in_once(desk: Desk) -> None:
    first = desk.make()
    half = desk.half_way("huang", first)
    _, codes = login.finish_login(half, desk.code(half), desk.wiring)
    login.finish_login(desk.half_way("huang", first), codes[3].upper(), desk.wiring)
    with pytest.raises(CodeWrong):
        login.finish_login(desk.half_way("huang", first), codes[3], desk.wiring)


def test_one_person_has_so_many_sessions_and_the_oldest_ends(desk: Desk) -> None:
    first = desk.settled()
    second = desk.log_in("huang", PASSWORD)
    third = desk.log_in("huang", PASSWORD)
    assert desk.sessions.find(first.token_hash) is None
    assert all(desk.sessions.find(one.token_hash) for one in (second, third))


def test_a_session_ends_by_rest_by_age_and_half_way_soon(desk: Desk) -> None:
    session, now = desk.settled(), desk.clock.now()
    assert session.alive(now, IDLE, ABSOLUTE)
    assert not session.alive(now + dt.timedelta(minutes=16), IDLE, ABSOLUTE)
    assert not session.alive(now + dt.timedelta(hours=9), dt.timedelta(days=1), ABSOLUTE)
    half = desk.half_way("huang", PASSWORD)
    assert not half.alive(now + dt.timedelta(minutes=11), IDLE, ABSOLUTE)


def test_a_new_password_ends_every_other_session_and_no_old_one_comes_back(desk: Desk) -> None:
    session = desk.settled()
    other = desk.log_in("huang", PASSWORD)
    new = "另一句 完全 不同 的话 2026"
    login.change_password(session, PASSWORD, new, new, desk.wiring)
    assert desk.sessions.find(other.token_hash) is None and desk.sessions.find(session.token_hash)
    kept = desk.sessions.find(session.token_hash)
    assert kept is not None
    with pytest.raises(PasswordUnfit, match="最近用过"):
        login.change_password(kept, new, PASSWORD, PASSWORD, desk.wiring)


@pytest.mark.parametrize(
    ("current", "new", "again", "error"),
    [(PASSWORD, "x", "x", PasswordUnfit), (PASSWORD, "一句 很长 的话 123", "另一句", InvalidInput),
     ("wrong", "一句 很长 的话 123", "一句 很长 的话 123", LoginRefused)],
)  # fmt: skip
def test_a_password_that_may_not_be_changes_nothing(
    desk: Desk, current: str, new: str, again: str, error: type[Exception]
) -> None:
    session = desk.settled()
    before = desk.accounts.kept["huang"].password_hash
    with pytest.raises(error):
        login.change_password(session, current, new, again, desk.wiring)
    assert desk.accounts.kept["huang"].password_hash == before


def test_logging_out_kills_the_session_on_the_server(desk: Desk) -> None:
    session = desk.settled()
    login.log_out(session, desk.wiring)
    assert desk.sessions.find(session.token_hash) is None and acts(desk)[-1] is Action.LOGOUT
