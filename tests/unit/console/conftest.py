"""A console on fakes, with a clock that stands still."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

import pytest

from contract.staff import PROVINCE, Role
from kit.audit import Journal
from kit.clock import SetClock
from kit.database import Transactions
from services.console.domain import totp
from services.console.domain.sessions import Session, hash_of
from services.console.usecases import accounts, login
from services.console.usecases.wiring import Wiring
from tests.fakes.console_storage import (
    AtOnce,
    FakeAccounts,
    FakeJournal,
    FakeRefusals,
    FakeSessions,
    QuickHasher,
)

ADDRESS = "10.20.0.9"
PASSWORD = "榕江 夜雨 42 灯笼 渡口"


@dataclass
class Desk:
    """The wiring, and what a test does often."""

    wiring: Wiring
    clock: SetClock
    accounts: FakeAccounts
    sessions: FakeSessions
    refusals: FakeRefusals
    hasher: QuickHasher
    journal: FakeJournal

    def make(self, account: str = "huang", role: Role = Role.AUTHORITY, level: str = PROVINCE) -> str:
        return accounts.make_account("cli:root", account, "黄敏", role, level, self.wiring)

    def half_way(self, account: str, password: str) -> Session:
        token = login.begin_login(account, password, ADDRESS, self.wiring)
        found = self.sessions.find(hash_of(token))
        assert found is not None
        return found

    def code(self, session: Session, drift: int = 0) -> str:
        secret = session.account.secret or session.offered
        return totp.code_at(secret, totp.step_of(self.clock.now()) + drift)

    def log_in(self, account: str, password: str) -> Session:
        """All the way; half a minute passes, so that a new code is there."""
        self.clock.advance(seconds=30)
        half = self.half_way(account, password)
        token, _ = login.finish_login(half, self.code(half), self.wiring)
        found = self.sessions.find(hash_of(token))
        assert found is not None
        return found

    def settled(self, account: str = "huang", role: Role = Role.AUTHORITY, level: str = PROVINCE) -> Session:
        """An account with a password of its own, logged in."""
        first = self.make(account, role, level)
        session = self.log_in(account, first)
        login.change_password(session, first, PASSWORD, PASSWORD, self.wiring)
        found = self.sessions.find(session.token_hash)
        assert found is not None
        return found


@pytest.fixture
def desk() -> Desk:
    clock = SetClock(dt.datetime(2026, 11, 26, 2, 6, tzinfo=dt.UTC))
    kept = FakeAccounts()
    sessions, refusals, hasher, journal = FakeSessions(kept), FakeRefusals(), QuickHasher(), FakeJournal()
    wiring = Wiring(
        cast(Transactions, AtOnce()), kept, sessions, refusals, hasher, cast(Journal, journal), clock, 2, 30
    )
    return Desk(wiring, clock, kept, sessions, refusals, hasher, journal)
