"""The identity storage as dictionaries, with transactions that roll back."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contract.notify import CodeSent, SendCode
from contract.people import Person
from contract.rpc import Method
from services.identity.domain.codes import Challenge, Guess, Limit
from services.identity.domain.people import Applicant


@dataclass
class FakeIdentityStorage:
    """Storage and database in one: `transaction()` puts everything back when it fails."""

    limits: dict[tuple[str, str], tuple[int, dt.datetime]] = field(default_factory=dict)
    challenges: dict[str, Challenge] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    persons: dict[Person, tuple[str, str, dt.datetime]] = field(default_factory=dict)
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

    def read(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def take(self, tx: Any, limit: Limit, now: dt.datetime) -> dt.datetime | None:
        used, ends_at = self.limits.get((limit.scope, limit.subject), (0, now))
        if ends_at <= now:
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

    def record_login(self, tx: Any, person_id: str, person: Person, phone: str, now: dt.datetime) -> str:
        known = self.persons[person][0] if person in self.persons else person_id
        self.persons[person] = known, phone, now
        return known

    def forget(self, tx: Any, before: dt.datetime) -> None:
        for challenge in list(self.challenges.values()):
            if challenge.created_at < before:
                del self.challenges[challenge.challenge_id]
        self.limits = {key: limit for key, limit in self.limits.items() if limit[1] >= before}


@dataclass
class FakePhones:
    """The notify service as identity sees it: what reached which phone. `fails` is raised instead."""

    storage: FakeIdentityStorage
    sent: list[SendCode] = field(default_factory=list)
    fails: Exception | None = None

    def call(self, method: Method[SendCode, CodeSent], request: SendCode) -> CodeSent:
        assert self.storage.open_transactions == 0, "no transaction is held while another service is asked"
        if self.fails:
            raise self.fails
        self.sent.append(request)
        return CodeSent(request.reference)
