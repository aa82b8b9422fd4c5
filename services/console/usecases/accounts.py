"""What administrators do with accounts. The right is checked here, where the accounts are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contract.audit import staff as by_staff
from contract.staff import NotOfThisRole, Role, Staff
from kit.audit import Action
from services.console.domain.accounts import Account, fit_level, fit_name, released
from services.console.domain.menu import ACCOUNT_READERS
from services.console.domain.passwords import one_time_password
from services.console.errors import AccountNotFound, AccountTaken, AccountUnfit, LastAdministrator
from services.console.usecases.wiring import Wiring


def list_accounts(by: Staff, w: Wiring) -> Sequence[Account]:
    """All of them, for who makes them and for who audits. Raises NotOfThisRole."""
    if by.role not in ACCOUNT_READERS:
        raise NotOfThisRole()
    with w.database.read() as connection:
        found: Sequence[Account] = w.accounts.all(connection)
    return found


def create_account(by: Staff, account: str, name: str, role: Role, pooling_code: str, w: Wiring) -> str:
    """A new account; its one-time password, which is shown once and kept nowhere. Raises NotOfThisRole, AccountUnfit,
    AccountTaken."""
    _check_administrator(by)
    return make_account(by_staff(by.account), account, name, role, pooling_code, w)


def make_account(actor: str, account: str, name: str, role: Role, pooling_code: str, w: Wiring) -> str:
    """The same for whoever may already: an administrator, or who works at the console's command line."""
    account, name, now = account.strip().lower(), name.strip(), w.clock.now()
    if not fit_name(account):
        raise AccountUnfit("账号用2到32个小写字母、数字或 . _ - ，以字母开头。", field="account")
    if not 2 <= len(name) <= 20:
        raise AccountUnfit("请填写2到20个字的姓名。", field="name")
    if not fit_level(role, pooling_code):
        raise AccountUnfit("统筹级次填写有误；只有税务经办可以是市、县级。", field="pooling_code")
    password = one_time_password()
    hashed = w.hasher.hash(password)
    made = Account(account, name, role, pooling_code, hashed, True, "", 0, 0, None, None, None, actor, now)
    with w.database.transaction() as tx:
        if w.accounts.find(tx, account) is not None:
            raise AccountTaken(field="account")
        row = w.accounts.add(tx, made)
        w.note(
            tx,
            actor,
            Action.ACCOUNT_CREATED,
            account,
            now,
            (row,),
            role=role.value,
            pooling_code=pooling_code,
        )
    return password


def reset_account(by: Staff, account: str, w: Wiring) -> str:
    """A new one-time password; the second factor is enrolled anew, and every session ends. Raises NotOfThisRole,
    AccountNotFound."""
    _check_administrator(by)
    return anew(by_staff(by.account), account, w)


def anew(actor: str, account: str, w: Wiring) -> str:
    """The same for whoever may already."""
    password, now = one_time_password(), w.clock.now()
    hashed = w.hasher.hash(password)
    with w.database.transaction() as tx:
        found = _found(tx, account, w)
        fresh = replace(released(found), password_hash=hashed, must_change=True, secret="", last_step=0)
        _change(tx, fresh, actor, "reset", now, w)
        w.accounts.set_codes(tx, account, ())
    return password


def release_account(by: Staff, account: str, w: Wiring) -> None:
    """Lift a lock before its time. Raises NotOfThisRole, AccountNotFound."""
    _check_administrator(by)
    with w.database.transaction() as tx:
        _change(
            tx,
            released(_found(tx, account, w)),
            by_staff(by.account),
            "released",
            w.clock.now(),
            w,
            end=False,
        )


def disable_account(by: Staff, account: str, w: Wiring) -> None:
    """Nobody gets in with it any more. Raises NotOfThisRole, AccountNotFound, LastAdministrator."""
    _check_administrator(by)
    now = w.clock.now()
    with w.database.transaction() as tx:
        found = _found(tx, account, w)
        _check_not_last(tx, found, w)
        _change(
            tx, replace(found, disabled_at=found.disabled_at or now), by_staff(by.account), "disabled", now, w
        )


def enable_account(by: Staff, account: str, w: Wiring) -> None:
    """It may log in again. Raises NotOfThisRole, AccountNotFound."""
    _check_administrator(by)
    with w.database.transaction() as tx:
        found = replace(_found(tx, account, w), disabled_at=None)
        _change(tx, found, by_staff(by.account), "enabled", w.clock.now(), w)


def move_account(by: Staff, account: str, role: Role, pooling_code: str, w: Wiring) -> None:
    """Another role or pooling level; every session ends. Raises NotOfThisRole, AccountNotFound, AccountUnfit,
    LastAdministrator."""
    _check_administrator(by)
    if not fit_level(role, pooling_code):
        raise AccountUnfit("统筹级次填写有误；只有税务经办可以是市、县级。", field="pooling_code")
    with w.database.transaction() as tx:
        found = _found(tx, account, w)
        if role is not Role.ADMINISTRATOR:
            _check_not_last(tx, found, w)
        moved = replace(found, role=role, pooling_code=pooling_code)
        _change(tx, moved, by_staff(by.account), f"{role.value} {pooling_code}", w.clock.now(), w)


def _check_administrator(by: Staff) -> None:
    if by.role is not Role.ADMINISTRATOR:
        raise NotOfThisRole()


def _check_not_last(tx: Any, account: Account, w: Wiring) -> None:
    able = account.role is Role.ADMINISTRATOR and account.disabled_at is None
    if able and w.accounts.administrators(tx) == 1:
        raise LastAdministrator()


def _found(tx: Any, account: str, w: Wiring) -> Account:
    found: Account | None = w.accounts.find(tx, account, lock=True)
    if found is None:
        raise AccountNotFound()
    return found


def _change(
    tx: Any, account: Account, actor: str, what: str, now: dt.datetime, w: Wiring, *, end: bool = True
) -> None:
    row = w.accounts.save(tx, account)
    if end:
        w.sessions.remove_all(tx, account.account)
    w.note(tx, actor, Action.ACCOUNT_CHANGED, account.account, now, (row,), what=what)
