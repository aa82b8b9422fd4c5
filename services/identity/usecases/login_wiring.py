"""What the actions around a login work with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.notify import CodeSent, SendCode
from contract.people import Person
from contract.rights import ConsentKind
from contract.rpc import Method
from kit.audit import JOURNAL, Acts
from kit.clock import Clock
from kit.database import Transactions
from kit.seals import SealedRow
from services.identity.adapters.base import RealNames
from services.identity.domain.codes import Challenge, CodeRules, Guess, Limit
from services.identity.domain.logins import KnownPayer, LastLogin
from services.identity.domain.people import Applicant
from services.identity.usecases.wiring import Outbox


class Codes(Protocol):
    """Challenges and limits; see storage.codes.CodeStorage."""

    def take(self, tx: Any, limit: Limit, now: dt.datetime) -> dt.datetime | None: ...
    def window_end(self, tx: Any, limit: Limit) -> dt.datetime | None: ...
    def give_back(self, tx: Any, limit: Limit, ends_at: dt.datetime) -> None: ...
    def open_challenge(self, tx: Any, challenge: Challenge) -> None: ...
    def end_challenge(self, tx: Any, challenge_id: str, state: str) -> None: ...
    def guess(
        self, tx: Any, challenge_id: str, purpose: str, who: Applicant, most: int, now: dt.datetime
    ) -> Guess | None: ...
    def forget(self, tx: Any, before: dt.datetime) -> None: ...


class Logins(Protocol):
    """Persons and the WeChat users they logged in as; see storage.logins.LoginStorage."""

    def last_login(self, tx: Any, openid: str) -> LastLogin | None: ...
    def id_of(self, tx: Any, person: Person) -> str | None: ...
    def enter(
        self, tx: Any, person_id: str, person: Person, phone: str, now: dt.datetime
    ) -> tuple[KnownPayer, bool]: ...
    def bind(self, tx: Any, openid: str, person_id: str, now: dt.datetime) -> SealedRow: ...
    def end(self, tx: Any, openid: str, person_id: str) -> Sequence[SealedRow]: ...
    def end_others(self, tx: Any, openid: str, person_id: str) -> Sequence[SealedRow]: ...


class LoginConsents(Protocol):
    """Consents to the texts about privacy and photos of cards; see storage.consents.Consents."""

    def give(self, tx: Any, person_id: str, kind: ConsentKind, version: str, now: dt.datetime) -> None: ...
    def latest(self, tx: Any, person_id: str, kind: ConsentKind) -> str: ...


class Peers(Protocol):
    """Calls other services."""

    def call(self, method: Method[SendCode, CodeSent], request: SendCode) -> CodeSent: ...


@dataclass(frozen=True)
class LoginWiring:
    """`reuse` is the half hour of requirement 3.2.1.2."""

    database: Transactions
    codes: Codes
    logins: Logins
    consents: LoginConsents
    outbox: Outbox
    peers: Peers
    real_names: RealNames
    clock: Clock
    rules: CodeRules
    reuse: dt.timedelta
    journal: Acts = JOURNAL
