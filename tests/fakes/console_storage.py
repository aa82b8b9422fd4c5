"""The console's storages as dictionaries, and a hasher that is quick."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.staff import Role
from kit.audit import Act
from kit.seals import SealedRow
from services.console.domain.accounts import Account
from services.console.domain.passwords import plain_code
from services.console.domain.sessions import Session, Stage


class AtOnce:
    """Transactions of dictionaries: what is done is done."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        yield None

    read = write = transaction


@dataclass
class FakeAccounts:
    """Accounts by name."""

    kept: dict[str, Account] = field(default_factory=dict)
    passwords: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, set[str]] = field(default_factory=dict)

    def find(self, tx: Any, account: str, lock: bool = False) -> Account | None:
        return self.kept.get(account)

    def all(self, tx: Any) -> Sequence[Account]:
        return [self.kept[name] for name in sorted(self.kept)]

    def add(self, tx: Any, account: Account) -> SealedRow:
        return self.save(tx, account)

    def save(self, tx: Any, account: Account) -> SealedRow:
        self.kept[account.account] = account
        return SealedRow("accounts", {"account": account.account})

    def administrators(self, tx: Any) -> int:
        return sum(one.role is Role.ADMINISTRATOR and one.disabled_at is None for one in self.kept.values())

    def remember(self, tx: Any, account: str, password_hash: str, now: dt.datetime) -> None:
        self.passwords.setdefault(account, []).append(password_hash)

    def remembered(self, tx: Any, account: str) -> Sequence[str]:
        return self.passwords.get(account, [])[-5:]

    def set_codes(self, tx: Any, account: str, codes: Iterable[str]) -> None:
        self.codes[account] = set(map(plain_code, codes))

    def use_code(self, tx: Any, account: str, code: str, now: dt.datetime) -> bool:
        free = self.codes.get(account, set())
        known = plain_code(code) in free
        free.discard(plain_code(code))
        return known


@dataclass
class FakeSessions:
    """Sessions by the hash of their token; each finds its account as it is now."""

    accounts: FakeAccounts
    kept: dict[bytes, Session] = field(default_factory=dict)

    def find(self, token_hash: bytes) -> Session | None:
        found = self.kept.get(token_hash)
        return found and replace(found, account=self.accounts.kept[found.account.account])

    def add(self, tx: Any, session: Session) -> None:
        self.kept[session.token_hash] = session

    def remove(self, tx: Any, token_hash: bytes) -> None:
        self.kept.pop(token_hash, None)

    def remove_all(self, tx: Any, account: str, but: bytes = b"") -> None:
        self.kept = {
            key: one for key, one in self.kept.items() if one.account.account != account or key == but
        }

    def make_room(self, tx: Any, account: str, most: int) -> None:
        full = [
            one for one in self.kept.values() if one.account.account == account and one.stage is Stage.FULL
        ]
        for old in sorted(full, key=lambda one: one.created_at, reverse=True)[most - 1 :]:
            self.remove(tx, old.token_hash)


@dataclass
class FakeRefusals:
    """How many there were, by address."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, tx: Any, address: str, now: dt.datetime) -> None:
        self.counts[address] += 1

    def read(self, tx: Any, address: str, now: dt.datetime) -> int:
        return self.counts[address]


class QuickHasher:
    """Says what it hashed; it counts how often it was asked, so that a test sees who took as long."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password_hash: str, password: str) -> bool:
        self.verified += 1
        return password_hash == f"hash of {password}"


@dataclass
class FakeJournal:
    """The acts, in their order."""

    acts: list[Act] = field(default_factory=list)

    def add(self, tx: Any, act: Act, now: dt.datetime, rows: Sequence[SealedRow] = ()) -> str:
        self.acts.append(act)
        return str(len(self.acts))
