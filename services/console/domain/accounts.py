"""Accounts of the staff: how they are locked and released, and what may be done with them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from contract.staff import PROVINCE, Role, Staff

MOST_FAILURES = 5
LOCK = dt.timedelta(minutes=15)
_FORGET_FAILURES = dt.timedelta(minutes=30)
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


@dataclass(frozen=True)
class Account:
    """A member of staff's way in. `secret` is the second factor's, empty until it is enrolled; `last_step` the last
    step of it that was used; `must_change` stands until a password of their own is set."""

    account: str
    name: str
    role: Role
    pooling_code: str
    password_hash: str
    must_change: bool
    secret: str
    last_step: int
    failures: int
    failed_at: dt.datetime | None
    locked_until: dt.datetime | None
    disabled_at: dt.datetime | None
    created_by: str
    created_at: dt.datetime
    last_login_at: dt.datetime | None = None

    @property
    def staff(self) -> Staff:
        """Who acts with it."""
        return Staff(self.account, self.name, self.role, self.pooling_code)

    def locked(self, now: dt.datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def state(self, now: dt.datetime) -> str:
        """In Chinese, for lists."""
        if self.disabled_at is not None:
            return "已停用"
        return (
            "已锁定" if self.locked(now) else "正常" if self.secret and not self.must_change else "待首次登录"
        )


def failed(account: Account, now: dt.datetime) -> Account:
    """One more wrong password or code; the fifth within half an hour locks."""
    fresh = account.failed_at is None or now - account.failed_at > _FORGET_FAILURES
    failures = 1 if fresh else account.failures + 1
    locked_until = now + LOCK if failures >= MOST_FAILURES else account.locked_until
    return replace(account, failures=failures, failed_at=now, locked_until=locked_until)


def released(account: Account) -> Account:
    """Failures forgotten, be it after a login or by an administrator."""
    return replace(account, failures=0, failed_at=None, locked_until=None)


def fit_name(account: str) -> bool:
    """Whether it may name an account: it is read aloud, typed and journalled."""
    return bool(_NAME.fullmatch(account))


def fit_level(role: Role, pooling_code: str) -> bool:
    """Only authorities' operators are of a single level; everybody else is of the province."""
    return bool(re.fullmatch(r"45[0-9]{4}", pooling_code)) and (
        role is Role.AUTHORITY or pooling_code == PROVINCE
    )
