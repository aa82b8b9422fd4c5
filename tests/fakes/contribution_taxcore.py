"""The tax core, the audit and the voids as dictionaries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.declarations import DeclarationNotFound, DeclarationPaid, VoidingState
from contract.people import Person
from contract.records import AskedAs, RecordState
from contract.upstream import UpstreamUnavailable
from services.contribution.adapters.base import TaxCore
from services.contribution.domain.queries import Query
from services.contribution.domain.records import CoreRecord
from services.contribution.domain.voidings import SentVoid
from tests.fakes.contribution_agreements import FakeAgreements, FakeDesk


@dataclass
class FakeTaxCore:
    """One person's records. `down` answers nothing; `loses_answers` does what it is asked and answers nothing;
    `refuses` says no to every void; `sent` are the voids that arrived."""

    person: Person
    records: dict[str, CoreRecord] = field(default_factory=dict)
    down: bool = False
    loses_answers: bool = False
    never_gets_it: bool = False
    refuses: Exception | None = None
    sent: list[str] = field(default_factory=list)

    @property
    def ports(self) -> TaxCore:
        """The adapters as use cases get them."""
        return TaxCore(self, self, FakeDesk(FakeAgreements()))

    def list_records(self, person: Person, period_from: str, period_to: str) -> Sequence[CoreRecord]:
        if self.down:
            raise UpstreamUnavailable()
        within = [
            r for r in self.records.values() if r.period_from <= period_to and r.period_to >= period_from
        ]
        return within if person == self.person else []

    def void(self, person: Person, record_id: str, reason: str) -> None:
        self.sent.append(record_id)
        if self.down or self.never_gets_it:
            raise UpstreamUnavailable()
        if self.refuses:
            raise self.refuses
        record = self.records.get(record_id)
        if record is None or person != self.person:
            raise DeclarationNotFound
        if record.state is RecordState.PAID:
            raise DeclarationPaid
        self.records[record_id] = replace(record, state=RecordState.VOIDED)
        if self.loses_answers:
            raise UpstreamUnavailable()


@dataclass
class FakeAudit:
    """Rows in the order they were written: query, outcome, time."""

    rows: list[tuple[Query, str, dt.datetime]] = field(default_factory=list)

    def add(self, tx: Any, query: Query, outcome: str, now: dt.datetime) -> None:
        self.rows.append((query, outcome, now))

    def typed_before(self, tx: Any, asker_id: str, person: Person, since: dt.datetime) -> int:
        typed = [
            q.person
            for q, _, at in self.rows
            if (q.asker_id, q.asked_as) == (asker_id, AskedAs.TYPED) and at >= since
        ]
        return len(set(typed[: typed.index(person)] if person in typed else typed))

    def forget(self, tx: Any, before: dt.datetime, limit: int) -> int:
        old = [row for row in self.rows if row[2] < before][:limit]
        self.rows = [row for row in self.rows if row not in old]
        return len(old)

    @property
    def outcomes(self) -> list[str]:
        return [outcome for _, outcome, _ in self.rows]


@dataclass
class FakeVoidings:
    """Voids by declaration, and when each is looked at next."""

    rows: dict[str, SentVoid] = field(default_factory=dict)
    due: dict[str, dt.datetime] = field(default_factory=dict)

    def find(self, tx: Any, person: Person, record_id: str) -> SentVoid | None:
        found = self.rows.get(record_id)
        return found if found is not None and found.person == person else None

    def confirming(self, tx: Any, person: Person) -> frozenset[str]:
        mine = [sent for sent in self.rows.values() if sent.person == person]
        return frozenset(sent.record_id for sent in mine if sent.state is VoidingState.CONFIRMING)

    def send(self, tx: Any, sent: SentVoid, next_look_at: dt.datetime) -> bool:
        before = self.rows.get(sent.record_id)
        if before is not None and before.state is VoidingState.CONFIRMING:
            return False
        self.rows[sent.record_id], self.due[sent.record_id] = sent, next_look_at
        return True

    def settle(self, tx: Any, record_id: str, state: VoidingState, reason: str) -> bool:
        if self.rows[record_id].state is not VoidingState.CONFIRMING:
            return False
        self.rows[record_id] = replace(self.rows[record_id], state=state, reason=reason)
        del self.due[record_id]
        return True

    def claim_due(self, tx: Any, now: dt.datetime, limit: int) -> Sequence[SentVoid]:
        found = [self.rows[record_id] for record_id, at in self.due.items() if at <= now][:limit]
        for sent in found:
            self.due[sent.record_id] = sent.next_look(now)
            self.rows[sent.record_id] = replace(sent, looks=sent.looks + 1)
        return found
