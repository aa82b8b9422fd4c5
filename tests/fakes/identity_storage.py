"""The login side of identity's storage as dictionaries, with transactions that roll back, and its neighbours."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.events import EventData
from contract.notify import CodeSent, SendCode
from contract.people import Person
from contract.rights import ConsentKind
from contract.rpc import Method
from kit.seals import SealedRow
from services.identity.adapters.base import RegisteredPerson
from services.identity.domain.codes import Challenge, Guess, Limit
from services.identity.domain.logins import KnownPayer, LastLogin
from services.identity.domain.people import Applicant


@dataclass
class FakeIdentityStorage:
    """Codes, logins, consents, outbox and database in one: `transaction()` puts everything back when it fails."""

    limits: dict[tuple[str, str], tuple[int, dt.datetime]] = field(default_factory=dict)
    challenges: dict[str, Challenge] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    persons: dict[str, KnownPayer] = field(default_factory=dict)
    bindings: dict[tuple[str, str], tuple[dt.datetime, bool]] = field(default_factory=dict)
    consents: list[tuple[str, ConsentKind, str]] = field(default_factory=list)
    events: list[tuple[EventData, str]] = field(default_factory=list)
    open_transactions: int = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        before = copy.deepcopy(self.__dict__)
        self.open_transactions += 1
        try:
            yield None
        except BaseException:
            self.__dict__.update(before)
            raise
        self.open_transactions -= 1

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        self.open_transactions += 1
        try:
            yield None
        finally:
            self.open_transactions -= 1

    def take(self, tx: Any, limit: Limit, now: dt.datetime) -> dt.datetime | None:
        used, ends_at = self.limits.get((limit.scope, limit.subject), (0, now))
        if ends_at <= now or not used:
            used, ends_at = 0, now + limit.window
        if used >= limit.cap:
            return None
        self.limits[limit.scope, limit.subject] = used + 1, ends_at
        return ends_at

    def window_end(self, tx: Any, limit: Limit) -> dt.datetime | None:
        return self.limits[limit.scope, limit.subject][1]

    def give_back(self, tx: Any, limit: Limit, ends_at: dt.datetime) -> None:
        used, end = self.limits[limit.scope, limit.subject]
        if end == ends_at:
            self.limits[limit.scope, limit.subject] = used - 1, end

    def open_challenge(self, tx: Any, challenge: Challenge) -> None:
        for earlier in self.challenges.values():
            same = (earlier.purpose, earlier.applicant.phone) == (
                challenge.purpose,
                challenge.applicant.phone,
            )
            if same and self.states[earlier.challenge_id] == "live":
                self.states[earlier.challenge_id] = "replaced"
        self.challenges[challenge.challenge_id] = challenge
        self.states[challenge.challenge_id] = "live"
        self.tries[challenge.challenge_id] = 0

    def end_challenge(self, tx: Any, challenge_id: str, state: str) -> None:
        if self.states[challenge_id] == "live":
            self.states[challenge_id] = state

    def guess(
        self, tx: Any, challenge_id: str, purpose: str, who: Applicant, most: int, now: dt.datetime
    ) -> Guess | None:
        challenge = self.challenges.get(challenge_id)
        if (
            challenge is None or (challenge.purpose, challenge.applicant) != (purpose, who)
            or self.states[challenge_id] != "live" or challenge.expires_at <= now
            or self.tries[challenge_id] >= most
        ):  # fmt: skip
            return None
        self.tries[challenge_id] += 1
        return Guess(challenge.code_hash, self.tries[challenge_id])

    def forget(self, tx: Any, before: dt.datetime) -> None:
        for challenge in list(self.challenges.values()):
            if challenge.created_at < before:
                del self.challenges[challenge.challenge_id]
        self.limits = {key: limit for key, limit in self.limits.items() if limit[1] >= before}

    def last_login(self, tx: Any, openid: str) -> LastLogin | None:
        newest = sorted(
            (logged_in_at, person_id, ended)
            for (of, person_id), (logged_in_at, ended) in self.bindings.items()
            if of == openid and person_id in self.persons
        )
        if not newest:
            return None
        logged_in_at, person_id, ended = newest[-1]
        return LastLogin(self.persons[person_id], logged_in_at, ended)

    def id_of(self, tx: Any, person: Person) -> str | None:
        return next((key for key, payer in self.persons.items() if payer.person == person), None)

    def enter(
        self, tx: Any, person_id: str, person: Person, phone: str, now: dt.datetime
    ) -> tuple[KnownPayer, bool]:
        known = self.persons.get(self.id_of(tx, person) or "", KnownPayer(person_id, person, phone, 1))
        moved = known.phone != phone
        payer = replace(known, phone=phone, phone_version=known.phone_version + moved)
        self.persons[payer.person_id] = payer
        return payer, moved

    def bind(self, tx: Any, openid: str, person_id: str, now: dt.datetime) -> SealedRow:
        self.bindings[openid, person_id] = now, False
        return SealedRow("bindings", {"person_id": person_id, "ended": False})

    def end(self, tx: Any, openid: str, person_id: str) -> Sequence[SealedRow]:
        if (openid, person_id) not in self.bindings:
            return ()
        self.bindings[openid, person_id] = self.bindings[openid, person_id][0], True
        return (SealedRow("bindings", {"person_id": person_id, "ended": True}),)

    def end_others(self, tx: Any, openid: str, person_id: str) -> Sequence[SealedRow]:
        others = [other for other, of in self.bindings if of == person_id and other != openid]
        return [row for other in others for row in self.end(tx, other, person_id)]

    def give(self, tx: Any, person_id: str, kind: ConsentKind, version: str, now: dt.datetime) -> None:
        if (person_id, kind, version) not in self.consents:
            self.consents.append((person_id, kind, version))

    def latest(self, tx: Any, person_id: str, kind: ConsentKind) -> str:
        given = [version for of, what, version in self.consents if (of, what) == (person_id, kind)]
        return given[-1] if given else ""

    def add(self, tx: Any, event: EventData, aggregate: str, now: dt.datetime) -> str:
        """As an outbox."""
        assert self.open_transactions == 1, "an event is recorded with what caused it"
        self.events.append((event, aggregate))
        return str(len(self.events))


@dataclass
class FakePhones:
    """The notify service as identity sees it: what reached which phone. `fails` is raised instead."""

    storage: FakeIdentityStorage | None = None
    sent: list[SendCode] = field(default_factory=list)
    fails: Exception | None = None

    def call(self, method: Method[SendCode, CodeSent], request: SendCode) -> CodeSent:
        _assert_no_transaction(self.storage)
        if self.fails:
            raise self.fails
        self.sent.append(request)
        return CodeSent(request.reference)


@dataclass
class FakeRealNames:
    """The 移动办税实名库: who is registered as which WeChat user. `fails` is raised instead."""

    storage: FakeIdentityStorage | None = None
    registered: dict[str, RegisteredPerson] = field(default_factory=dict)
    fails: Exception | None = None
    asked: int = 0

    def find(self, openid: str) -> RegisteredPerson | None:
        _assert_no_transaction(self.storage)
        self.asked += 1
        if self.fails:
            raise self.fails
        return self.registered.get(openid)


def _assert_no_transaction(storage: FakeIdentityStorage | None) -> None:
    open_transactions = storage.open_transactions if storage else 0
    assert open_transactions == 0, "neither transaction nor connection is held while somebody else is asked"
