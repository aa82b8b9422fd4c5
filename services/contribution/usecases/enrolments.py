"""参保信息 of a person: from the upstream, or, while that is down, what it said last."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from contract.contribution import (
    Enrolment,
    EnrolmentNotFound,
    FindEnrolment,
    InsuranceTypeMissing,
    UpstreamUnavailable,
)
from contract.people import Person
from kit.clock import Clock
from kit.database import Transactions
from services.contribution.adapters.base import TaxBank


class EnrolmentStorage(Protocol):
    """What the upstream said last of each person."""

    def keep(self, tx: Any, person: Person, enrolment: Enrolment, now: dt.datetime) -> None: ...
    def find(self, tx: Any, person: Person, told_since: dt.datetime) -> Enrolment | None: ...
    def drop(self, tx: Any, person: Person) -> None: ...
    def prune(self, tx: Any, told_before: dt.datetime) -> int: ...


@dataclass(frozen=True)
class Memory:
    """Where the last answers are kept, and for how long they may be shown."""

    transactions: Transactions
    storage: EnrolmentStorage
    clock: Clock
    life: dt.timedelta

    @property
    def oldest(self) -> dt.datetime:
        return self.clock.now() - self.life


def find_enrolment(request: FindEnrolment, taxbank: TaxBank, memory: Memory) -> Enrolment:
    """参保信息 of a person, asked once per person and journey (3.2.1.5).

    While the upstream is down, what it said last, with `as_of`. Raises EnrolmentNotFound, InsuranceTypeMissing,
    UpstreamUnavailable.
    """
    person = request.person
    try:
        enrolment = taxbank.find_enrolment(person)
    except UpstreamUnavailable:
        with memory.transactions.read() as connection:
            kept = memory.storage.find(connection, person, memory.oldest)
        if kept is None:
            raise
        return kept
    with memory.transactions.transaction() as tx:
        if enrolment is not None and enrolment.entries:
            memory.storage.keep(tx, person, enrolment, memory.clock.now())
        else:
            memory.storage.drop(tx, person)
    if enrolment is None:
        raise EnrolmentNotFound()
    if not enrolment.entries:
        raise InsuranceTypeMissing()
    return enrolment


def forget_old(memory: Memory) -> int:
    """Forget what is too old to be shown; returns how many."""
    with memory.transactions.transaction() as tx:
        return memory.storage.prune(tx, memory.oldest)
