"""Accounts: made and moved by administrators alone, and never all gone (security.md 6)."""

from __future__ import annotations

import pytest

from contract.staff import PROVINCE, NotOfThisRole, Role, Staff
from kit.audit import Action
from services.console.errors import (
    AccountNotFound,
    AccountTaken,
    AccountUnfit,
    LastAdministrator,
    LoginRefused,
)
from services.console.usecases import accounts, login
from tests.unit.console.conftest import ADDRESS, PASSWORD, Desk

ADMIN = Staff("admin", "管理员", Role.ADMINISTRATOR)
OTHERS = [Staff("x", "某人", role) for role in Role if role is not Role.ADMINISTRATOR]


@pytest.mark.parametrize("by", OTHERS, ids=[one.role.value for one in OTHERS])
def test_nobody_else_makes_or_changes_accounts(desk: Desk, by: Staff) -> None:
    desk.make()
    before = dict(desk.accounts.kept)
    w = desk.wiring
    for act in (
        lambda: accounts.create_account(by, "wei", "韦秀兰", Role.AUTHORITY, PROVINCE, w),
        lambda: accounts.reset_account(by, "huang", w),
        lambda: accounts.release_account(by, "huang", w),
        lambda: accounts.disable_account(by, "huang", w),
        lambda: accounts.enable_account(by, "huang", w),
        lambda: accounts.move_account(by, "huang", Role.ADMINISTRATOR, PROVINCE, w),
    ):
        with pytest.raises(NotOfThisRole):
            act()
    assert desk.accounts.kept == before


def test_accounts_are_seen_by_who_makes_and_by_who_audits(desk: Desk) -> None:
    desk.make()
    for role in Role:
        if role in (Role.ADMINISTRATOR, Role.AUDITOR):
            assert len(accounts.list_accounts(Staff("x", "某人", role), desk.wiring)) == 1
        else:
            with pytest.raises(NotOfThisRole):
                accounts.list_accounts(Staff("x", "某人", role), desk.wiring)


@pytest.mark.parametrize(
    ("account", "name", "role", "level"),
    [
        ("9lives", "韦秀兰", Role.AUTHORITY, PROVINCE), ("w", "韦秀兰", Role.AUTHORITY, PROVINCE),
        ("wei'--", "韦秀兰", Role.AUTHORITY, PROVINCE), ("wei", "", Role.AUTHORITY, PROVINCE),
        ("wei", "韦秀兰", Role.AUTHORITY, "440100"), ("wei", "韦秀兰", Role.AUDITOR, "450100"),
        ("wei", "韦秀兰", Role.ADMINISTRATOR, "450100"),
    ],
)  # fmt: skip
def test_what_is_no_account_is_not_made(desk: Desk, account: str, name: str, role: Role, level: str) -> None:
    with pytest.raises(AccountUnfit):
        accounts.create_account(ADMIN, account, name, role, level, desk.wiring)
    assert not desk.accounts.kept


def test_an_account_is_made_once(desk: Desk) -> None:
    desk.make("wei")
    with pytest.raises(AccountTaken):
        accounts.create_account(ADMIN, " WEI ", "韦秀兰", Role.AUTHORITY, "450100", desk.wiring)


def test_the_last_administrator_can_neither_be_stopped_nor_moved(desk: Desk) -> None:
    desk.make("admin", Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):
        accounts.disable_account(ADMIN, "admin", desk.wiring)
    with pytest.raises(LastAdministrator):
        accounts.move_account(ADMIN, "admin", Role.AUDITOR, PROVINCE, desk.wiring)
    desk.make("second", Role.ADMINISTRATOR)
    accounts.disable_account(ADMIN, "second", desk.wiring)
    with pytest.raises(LastAdministrator):
        accounts.disable_account(ADMIN, "admin", desk.wiring)


def test_a_stopped_account_is_out_at_once_and_stays_out(desk: Desk) -> None:
    session = desk.settled()
    accounts.disable_account(ADMIN, "huang", desk.wiring)
    assert desk.sessions.find(session.token_hash) is None
    with pytest.raises(LoginRefused):
        login.begin_login("huang", PASSWORD, ADDRESS, desk.wiring)
    accounts.enable_account(ADMIN, "huang", desk.wiring)
    assert desk.log_in("huang", PASSWORD)


def test_a_reset_takes_password_factor_and_sessions(desk: Desk) -> None:
    session = desk.settled()
    anew = accounts.reset_account(ADMIN, "huang", desk.wiring)
    assert desk.sessions.find(session.token_hash) is None
    with pytest.raises(LoginRefused):
        login.begin_login("huang", PASSWORD, ADDRESS, desk.wiring)
    half = desk.half_way("huang", anew)
    assert half.offered and half.account.must_change
    assert not desk.accounts.codes["huang"]


def test_a_moved_account_logs_in_anew_and_every_change_is_journalled(desk: Desk) -> None:
    session = desk.settled(level="450100")
    accounts.move_account(ADMIN, "huang", Role.AUTHORITY, "450200", desk.wiring)
    assert desk.sessions.find(session.token_hash) is None
    assert desk.accounts.kept["huang"].staff.pooling_code == "450200"
    act = desk.journal.acts[-1]
    assert (act.actor, act.action, act.target) == ("staff:admin", Action.ACCOUNT_CHANGED, "account:huang")
    assert PASSWORD not in str(desk.journal.acts)


def test_who_is_not_there_cannot_be_changed(desk: Desk) -> None:
    with pytest.raises(AccountNotFound):
        accounts.release_account(ADMIN, "nobody", desk.wiring)
