"""社保费查询 (3.2.1.8)."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from contract.errors import Unavailable
from contract.household import InsuredNotFound, ListInsured, list_insured
from contract.paid import ListPaid, PaidContribution, list_paid
from contract.people import Person
from contract.records import (
    AskedAs,
    Contributions,
    ListContributions,
    ListPaidRecords,
    PaidRecords,
    TooManyPeople,
)
from contract.rpc import Method
from contract.upstream import UpstreamUnavailable
from kit.clock import Clock, china
from kit.database import Transactions
from services.contribution.adapters.base import TaxCore
from services.contribution.domain.queries import ASKED, Query
from services.contribution.domain.records import CoreRecord, check_period, merge, paid

Request = TypeVar("Request")
Answer = TypeVar("Answer")

_AT_ONCE = 500

_log = logging.getLogger(__name__)


class Peers(Protocol):
    """The other services."""

    def call(self, method: Method[Request, Answer], request: Request) -> Answer: ...


class Audit(Protocol):
    """Who asked about whom; see storage.query_audit.QueryAudit."""

    def add(self, tx: Any, query: Query, outcome: str, now: dt.datetime) -> None: ...
    def typed_before(self, tx: Any, asker_id: str, person: Person, since: dt.datetime) -> int: ...
    def forget(self, tx: Any, before: dt.datetime, limit: int) -> int: ...


@dataclass(frozen=True)
class Desk:
    """What questions to the tax core about a person work with. `typed_per_day` is how many different people one asker
    may type in a day."""

    transactions: Transactions
    audit: Audit
    core: TaxCore
    peers: Peers
    clock: Clock
    typed_per_day: int

    def ask(self, act: str, asker_id: str, asked_as: AskedAs, person: Person) -> Query:
        """Write down a question before it is asked. Raises InsuredNotFound for a pick that is not in the asker's list,
        TooManyPeople for one name too many."""
        query, now = Query(str(uuid.uuid4()), act, asker_id, asked_as, person), self.clock.now()
        today = china(now).replace(hour=0, minute=0, second=0, microsecond=0)
        with self.transactions.transaction() as tx:
            self.audit.add(tx, query, ASKED, now)
        if asked_as is AskedAs.PICKED and not self._is_picked(query):
            self.note(query, InsuredNotFound.code)
            raise InsuredNotFound
        if asked_as is AskedAs.TYPED and self._typed_before(query, today) >= self.typed_per_day:
            self.note(query, TooManyPeople.code)
            raise TooManyPeople(retry_after=int((today + dt.timedelta(days=1) - now).total_seconds()))
        return query

    def _is_picked(self, query: Query) -> bool:
        picks = self.peers.call(list_insured, ListInsured(query.asker_id)).picks
        return any(pick.person == query.person for pick in picks)

    def _typed_before(self, query: Query, since: dt.datetime) -> int:
        with self.transactions.read() as connection:
            return self.audit.typed_before(connection, query.asker_id, query.person, since)

    def note(self, query: Query, outcome: str) -> None:
        """Write down what came of it. No answer leaves before this is kept."""
        with self.transactions.transaction() as tx:
            self.audit.add(tx, query, outcome, self.clock.now())


def list_contributions(request: ListContributions, desk: Desk) -> Contributions:
    """The core's records and our own payments, each contribution once.

    While one of the two does not answer, the other is shown and the answer says what is missing. Raises
    UpstreamUnavailable when neither answers: “no records” is said only by somebody who knows.
    """
    check_period(request.period_from, request.period_to)
    query = desk.ask("list_contributions", request.asker_id, request.asked_as, request.person)
    own = _own_payments(request, desk)
    core = _core_records(request, desk)
    if own is None and core is None:
        desk.note(query, "unavailable")
        raise UpstreamUnavailable(
            "社保系统暂时没有响应，现在查不到缴费记录，请稍后再查。如果您已经缴费，请勿重复缴费。"
        )
    records = merge(core or (), own or ())
    desk.note(query, "found" if records else "nothing")
    return Contributions(records, core_missing=core is None, own_missing=own is None)


def list_paid_records(request: ListPaidRecords, desk: Desk) -> PaidRecords:
    """The core's paid records alone: what is not there yet cannot be certified. Raises UpstreamUnavailable."""
    check_period(request.period_from, request.period_to)
    found = desk.core.records.list_records(request.person, request.period_from, request.period_to)
    return PaidRecords(paid(found))


def forget_old(transactions: Transactions, audit: Audit, before: dt.datetime) -> int:
    """Forget questions of before a moment; returns how many."""
    forgotten = 0
    while True:
        with transactions.transaction() as tx:
            now = audit.forget(tx, before, _AT_ONCE)
        forgotten += now
        if now < _AT_ONCE:
            return forgotten


def _own_payments(request: ListContributions, desk: Desk) -> Sequence[PaidContribution] | None:
    """None while payment does not answer."""
    since, until = int(request.period_from[:4]), int(request.period_to[:4])
    try:
        return desk.peers.call(list_paid, ListPaid(request.person, since, until)).contributions
    except UpstreamUnavailable:
        raise  # the time of the whole work is over
    except Unavailable as error:
        _log.warning("own payments are missing from an answer: %s", error.code)
        return None


def _core_records(request: ListContributions, desk: Desk) -> Sequence[CoreRecord] | None:
    """None while the core does not answer, and when its time is over."""
    try:
        return desk.core.records.list_records(request.person, request.period_from, request.period_to)
    except UpstreamUnavailable:
        return None
