"""Agreements as a dictionary, and a tax core with a bank behind it whose answers can be lost."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.people import Person
from contract.upstream import UpstreamUnavailable
from services.contribution.domain.agreements import LIVE, Agreement, Question, Report, Trigger
from services.contribution.storage.agreements import Blocker


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class HistoryLine:
    """One row of agreement_history."""

    source: str
    trigger: str
    from_state: str
    to_state: str


@dataclass
class FakeAgreements:
    """Storage and database in one: `transaction()` puts everything back when it fails."""

    rows: dict[str, Agreement] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    history: list[HistoryLine] = field(default_factory=list)
    open_transactions: int = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        before = {name: getattr(self, name).copy() for name in ("rows", "keys", "history")}
        self.open_transactions += 1
        try:
            yield None
        except BaseException:
            self.__dict__.update(before)
            raise
        finally:
            self.open_transactions -= 1

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        yield None

    def add(self, tx: Any, agreement: Agreement, person: Person) -> bool:
        if self.blocker(tx, agreement, person) is not None:
            return False
        self.rows[agreement.agreement_id] = agreement
        self.keys[agreement.agreement_id] = (person.document_number, _account(agreement))
        return True

    def blocker(self, tx: Any, agreement: Agreement, person: Person) -> Blocker | None:
        key = (person.document_number, _account(agreement))
        for known in self.rows.values():
            if (known.person_id, known.idempotency_key) == (agreement.person_id, agreement.idempotency_key):
                return Blocker(known, True, self.keys[known.agreement_id][1] == key[1])
        for known in self.rows.values():
            if known.state in LIVE and self.keys[known.agreement_id] == key:
                return Blocker(known, False, True)
        return None

    def find(self, tx: Any, agreement_id: str, person_id: str) -> Agreement | None:
        known = self.rows.get(agreement_id)
        return known if known and known.person_id == person_id else None

    def of_person(self, tx: Any, person_id: str) -> Sequence[Agreement]:
        mine = [known for known in self.rows.values() if known.person_id == person_id]
        return sorted(mine, key=lambda known: known.created_at, reverse=True)

    def lock(self, tx: Any, agreement_id: str) -> Agreement:
        return self.rows[agreement_id]

    def save(self, tx: Any, agreement: Agreement) -> None:
        self.rows[agreement.agreement_id] = agreement

    def note(
        self, tx: Any, before: Agreement | None, after: Agreement, source: str, trigger: str, now: dt.datetime
    ) -> None:
        self.history.append(
            HistoryLine(source, trigger, before.state.value if before else "", after.state.value)
        )

    def claim_due(self, tx: Any, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Agreement]:
        due = [known for known in self.rows.values() if known.next_action_at and known.next_action_at <= now]
        for known in due[:limit]:
            self.rows[known.agreement_id] = replace(known, next_action_at=until)
        return due[:limit]


@dataclass
class FakeDesk:
    """`core` is what the tax core has of each agreement. The bank answers each question put to it with the next of
    `bank`, at last with yes. `loses` are questions that are done while their answer is lost, `deaf` those that never
    arrive, `dies` those during which our process is killed after they are done; each once per entry."""

    storage: FakeAgreements
    core: dict[str, Trigger] = field(default_factory=dict)
    bank: list[tuple[Trigger, str]] = field(default_factory=list)
    loses: list[Question] = field(default_factory=list)
    deaf: list[Question] = field(default_factory=list)
    dies: list[Question] = field(default_factory=list)
    refuses: str = ""
    asked: list[Question] = field(default_factory=list)

    def ask(self, agreement: Agreement, question: Question) -> Report:
        assert self.storage.open_transactions == 0, "a transaction is open while the network is asked"
        if question is not Question.LOOK_UP:
            assert self.storage.rows[agreement.agreement_id].in_doubt, (
                "what may be lost is written down first"
            )
        self.asked.append(question)
        if question in self.deaf:
            self.deaf.remove(question)
            raise UpstreamUnavailable()
        report = self._answer(agreement, question)
        if question in self.dies:
            self.dies.remove(question)
            raise Killed
        if question in self.loses:
            self.loses.remove(question)
            raise UpstreamUnavailable()
        return report

    def _answer(self, agreement: Agreement, question: Question) -> Report:
        known = agreement.agreement_id
        if question is Question.LOOK_UP:
            return Report(self.core.get(known, Trigger.ABSENT), question)
        if question is Question.SIGN:
            assert agreement.account_number and agreement.holder
            if self.refuses:
                return Report(Trigger.REFUSED, question, self.refuses)
            return Report(self.core.setdefault(known, Trigger.ACCEPTED), question)
        done = Trigger.PASSED if question is Question.VERIFY else Trigger.OVER
        trigger, words = self.bank.pop(0) if self.bank else (done, "")
        left = {Trigger.REFUSED: Trigger.OVER, Trigger.KEPT: Trigger.PASSED}
        self.core[known] = left.get(trigger, trigger)
        return Report(trigger, question, words)


def _account(agreement: Agreement) -> str:
    return f"{agreement.bank_code}:{agreement.account_number}"
