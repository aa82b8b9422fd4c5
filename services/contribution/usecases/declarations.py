"""社保申报作废 (3.2.1.10): nothing is said of a void but what the tax core says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract import declarations
from contract.declarations import (
    DeclarationNotFound,
    DeclarationOfPerson,
    DeclarationPaid,
    Declarations,
    ListDeclarations,
    Voiding,
    VoidingState,
    VoidRefused,
)
from contract.errors import Unavailable
from contract.household import InsuredNotFound
from contract.paid import FindLiveOrder, find_live_order
from contract.people import Person
from contract.records import AskedAs, RecordState
from contract.upstream import UpstreamUnavailable
from services.contribution.domain.queries import Query
from services.contribution.domain.records import CoreRecord
from services.contribution.domain.voidings import SentVoid, declaration_of, outcome
from services.contribution.usecases.records import Desk

EVER = ("200001", "209912")
"""Every 所属期 a declaration can have."""
REASON = "缴费人申请作废"
_BATCH = 20
_ANSWER_LATE = dt.timedelta(seconds=30)
"""When a void is looked at that was sent and whose sender never came back."""


class VoidingStorage(Protocol):
    """See storage.voidings.Voidings."""

    def find(self, tx: Any, person: Person, record_id: str) -> SentVoid | None: ...
    def confirming(self, tx: Any, person: Person) -> frozenset[str]: ...
    def send(self, tx: Any, sent: SentVoid, next_look_at: dt.datetime) -> bool: ...
    def settle(self, tx: Any, record_id: str, state: VoidingState, reason: str) -> bool: ...
    def claim_due(self, tx: Any, now: dt.datetime, limit: int) -> Sequence[SentVoid]: ...


@dataclass(frozen=True)
class VoidingDesk(Desk):
    """The desk where declarations are voided."""

    voidings: VoidingStorage


def list_declarations(request: ListDeclarations, desk: VoidingDesk) -> Declarations:
    """What is declared and not paid, and what was taken back, newest first. Raises UpstreamUnavailable."""
    query = _ask("list_declarations", request, desk)
    try:
        records = desk.core.records.list_records(request.person, *EVER)
    except UpstreamUnavailable:
        desk.note(query, "unavailable")
        raise UpstreamUnavailable(
            "社保系统暂时没有响应，现在查不到申报记录，请稍后再查。申报没有改变。"
        ) from None
    with desk.transactions.read() as connection:
        confirming = desk.voidings.confirming(connection, request.person)
    unpaid = [record for record in records if record.state is not RecordState.PAID]
    unpaid.sort(key=lambda record: (record.declared_on, record.period_from), reverse=True)
    desk.note(query, "found" if unpaid else "nothing")
    return Declarations(tuple(declaration_of(r, r.record_id in confirming) for r in unpaid))


def void_declaration(request: DeclarationOfPerson, desk: VoidingDesk) -> Voiding:
    """Take a declaration back, once: asked again, the answer is what became of it.

    When the core's answer is lost the void is `confirming`, and the core is asked until it says. Raises
    DeclarationNotFound, DeclarationPaid, VoidRefused; and UpstreamUnavailable or Unavailable before anything was sent.
    """
    query = _ask("void_declaration", request, desk)
    try:
        voiding = _void(request, desk)
    except (DeclarationNotFound, DeclarationPaid, VoidRefused, Unavailable) as error:
        desk.note(query, error.code)
        raise
    desk.note(query, voiding.state.value)
    return voiding


def _ask(act: str, request: ListDeclarations | DeclarationOfPerson, desk: VoidingDesk) -> Query:
    """Only one's own and those of the pick-list. Raises InsuredNotFound, for somebody typed as well."""
    if request.asked_as is AskedAs.TYPED:
        raise InsuredNotFound
    return desk.ask(act, request.asker_id, request.asked_as, request.person)


def _void(request: DeclarationOfPerson, desk: VoidingDesk) -> Voiding:
    known = _find(request, desk)
    if known is not None and known.state is VoidingState.CONFIRMING:
        return _look(known, desk)
    if known is not None and known.state is VoidingState.VOIDED:
        return _told(known)
    record = _unpaid(request, desk)
    now = desk.clock.now()
    sent = SentVoid(
        request.record_id,
        request.person,
        request.asker_id,
        request.asked_as,
        VoidingState.CONFIRMING,
        "",
        now,
    )
    if record.state is not RecordState.VOIDED:
        _refuse_if_being_paid(request, record, desk)
    with desk.transactions.transaction() as tx:
        first = desk.voidings.send(tx, sent, now + _ANSWER_LATE)
    if not first:
        return Voiding(request.record_id, VoidingState.CONFIRMING, "")  # another tap is sending it
    if record.state is RecordState.VOIDED:
        return _settle(sent, VoidingState.VOIDED, "", desk)
    return _send(sent, desk)


def _unpaid(request: DeclarationOfPerson, desk: VoidingDesk) -> CoreRecord:
    """The declaration as the core has it. Raises DeclarationNotFound, DeclarationPaid, UpstreamUnavailable."""
    try:
        records = desk.core.records.list_records(request.person, *EVER)
    except UpstreamUnavailable:
        raise UpstreamUnavailable("社保系统暂时没有响应，没有作废，申报没有改变，请稍后再试。") from None
    record = next((record for record in records if record.record_id == request.record_id), None)
    if record is None:
        raise DeclarationNotFound
    if record.state is RecordState.PAID:
        raise DeclarationPaid
    return record


def _refuse_if_being_paid(request: DeclarationOfPerson, record: CoreRecord, desk: VoidingDesk) -> None:
    """Raises DeclarationPaid while an order of anybody pays for it, and Unavailable when payment cannot say."""
    years = range(int(record.period_from[:4]), int(record.period_to[:4]) + 1)
    try:
        for year in years:
            asked = FindLiveOrder(request.person, record.insurance_type, year)
            if desk.peers.call(find_live_order, asked).exists:
                raise DeclarationPaid(
                    "这条申报有一笔正在办理或已经完成的缴费，不能作废。如需退费，请到主管税务机关办理。"
                )
    except Unavailable:
        raise Unavailable(
            "暂时不能确认这条申报有没有正在办理的缴费，没有作废，申报没有改变，请稍后再试。"
        ) from None


def _send(sent: SentVoid, desk: VoidingDesk) -> Voiding:
    try:
        desk.core.declarations.void(sent.person, sent.record_id, REASON)
    except UpstreamUnavailable:
        return _told(sent)  # nobody knows: the row says so, and is looked after
    except (DeclarationNotFound, DeclarationPaid, VoidRefused) as refusal:
        _settle(sent, VoidingState.REFUSED, refusal.message, desk)
        raise
    return _settle(sent, VoidingState.VOIDED, "", desk)


def check_voiding(request: DeclarationOfPerson, desk: VoidingDesk) -> Voiding:
    """What became of a void; while nobody knows, the core is asked. Raises DeclarationNotFound where none was sent."""
    known = _find(request, desk)
    if known is None:
        raise DeclarationNotFound
    return _look(known, desk) if known.state is VoidingState.CONFIRMING else _told(known)


def look_after_voidings(desk: VoidingDesk) -> None:
    """Ask after every void nobody knows about, each in its turn for the core like everybody's question."""
    with desk.transactions.transaction() as tx:
        due = desk.voidings.claim_due(tx, desk.clock.now(), _BATCH)
    for sent in due:
        asked = DeclarationOfPerson(sent.asker_id, sent.person, sent.asked_as, sent.record_id)
        try:
            desk.peers.call(declarations.check_voiding, asked)
        except Unavailable:
            return  # all of them are due again later


def _find(request: DeclarationOfPerson, desk: VoidingDesk) -> SentVoid | None:
    with desk.transactions.read() as connection:
        return desk.voidings.find(connection, request.person, request.record_id)


def _look(sent: SentVoid, desk: VoidingDesk) -> Voiding:
    try:
        records = desk.core.records.list_records(sent.person, *EVER)
    except UpstreamUnavailable:
        return _told(sent)
    state, reason = outcome(sent, records, desk.clock.now())
    return _told(sent) if state is VoidingState.CONFIRMING else _settle(sent, state, reason, desk)


def _settle(sent: SentVoid, state: VoidingState, reason: str, desk: VoidingDesk) -> Voiding:
    with desk.transactions.transaction() as tx:
        desk.voidings.settle(tx, sent.record_id, state, reason)
    return Voiding(sent.record_id, state, reason)


def _told(sent: SentVoid) -> Voiding:
    return Voiding(sent.record_id, sent.state, sent.reason)
