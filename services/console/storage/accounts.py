"""Accounts, their passwords of before and their recovery codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from contract.staff import Role
from kit.crypto import blind_index
from kit.seals import SealedRow
from services.console.domain.accounts import Account
from services.console.domain.passwords import REMEMBERED, plain_code
from services.console.models import ACCOUNT_SEAL, accounts, passwords, recovery_codes


class Accounts:
    """The table `accounts` and what hangs on it; every method works inside the caller's transaction."""

    def find(self, tx: Connection, account: str, lock: bool = False) -> Account | None:
        """An account as the console wrote it; one whose seal does not hold is as if it were not there."""
        asked = select(accounts).where(accounts.c.account == account)
        row = tx.execute(asked.with_for_update() if lock else asked).mappings().first()
        return account_of(row) if row is not None else None

    def all(self, tx: Connection) -> Sequence[Account]:
        """By name; disabled ones too."""
        rows = tx.execute(select(accounts).order_by(accounts.c.account)).mappings()
        return [found for row in rows if (found := account_of(row)) is not None]

    def add(self, tx: Connection, account: Account) -> SealedRow:
        """A new one; the row for the journal."""
        values = _values(account)
        tx.execute(insert(accounts).values(**ACCOUNT_SEAL.onto(values)))
        return ACCOUNT_SEAL.written(values)

    def save(self, tx: Connection, account: Account) -> SealedRow:
        """Write an account back; the caller holds its lock."""
        values = _values(account)
        mine = accounts.c.account == account.account
        tx.execute(update(accounts).where(mine).values(**ACCOUNT_SEAL.onto(values)))
        return ACCOUNT_SEAL.written(values)

    def administrators(self, tx: Connection) -> int:
        """How many could still make accounts."""
        able = (accounts.c.role == Role.ADMINISTRATOR.value) & accounts.c.disabled_at.is_(None)
        return int(tx.execute(select(func.count()).select_from(accounts).where(able)).scalar_one())

    def remember(self, tx: Connection, account: str, password_hash: str, now: dt.datetime) -> None:
        """A password was set; those before the last few are forgotten."""
        tx.execute(insert(passwords).values(account=account, set_at=now, password_hash=password_hash))
        t = passwords.c
        newest = select(t.set_at).where(t.account == account).order_by(t.set_at.desc()).limit(REMEMBERED)
        tx.execute(delete(passwords).where(t.account == account, t.set_at.not_in(newest)))

    def remembered(self, tx: Connection, account: str) -> Sequence[str]:
        """Hashes of the last passwords."""
        return list(
            tx.execute(select(passwords.c.password_hash).where(passwords.c.account == account)).scalars()
        )

    def set_codes(self, tx: Connection, account: str, codes: Iterable[str]) -> None:
        """New recovery codes in place of all before."""
        tx.execute(delete(recovery_codes).where(recovery_codes.c.account == account))
        for code in codes:
            tx.execute(insert(recovery_codes).values(account=account, code_hash=_code_hash(account, code)))

    def use_code(self, tx: Connection, account: str, code: str, now: dt.datetime) -> bool:
        """Whether this was a recovery code of the account that had not been used."""
        t = recovery_codes.c
        free = (t.account == account) & (t.code_hash == _code_hash(account, code)) & t.used_at.is_(None)
        return bool(tx.execute(update(recovery_codes).where(free).values(used_at=now)).rowcount)

    def codes_left(self, tx: Connection, account: str) -> int:
        """How many recovery codes have not been used."""
        t = recovery_codes.c
        free = (
            select(func.count()).select_from(recovery_codes).where(t.account == account, t.used_at.is_(None))
        )
        return int(tx.execute(free).scalar_one())


def account_of(row: Any) -> Account | None:
    """The account of a row whose seal holds."""
    if not ACCOUNT_SEAL.holds(row):
        return None
    values = {name: row[name] for name in Account.__dataclass_fields__}
    return Account(**values | {"role": Role(row["role"])})


def _values(account: Account) -> dict[str, Any]:
    return vars(account) | {"role": account.role.value}


def _code_hash(account: str, code: str) -> bytes:
    return blind_index("recovery_codes", f"{account}\0{plain_code(code)}")
