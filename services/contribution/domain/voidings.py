"""What became of a void whose answer was lost (3.2.1.10): only the tax core's own record says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from contract.declarations import Declaration, DeclarationPaid, DeclarationState, VoidingState
from contract.people import Person
from contract.records import AskedAs, RecordState
from services.contribution.domain.records import CoreRecord

ON_ITS_WAY = dt.timedelta(seconds=60)
"""How long a void may still be on its way: until then an unchanged declaration says nothing."""

_LOOKS = (
    dt.timedelta(seconds=10),
    dt.timedelta(seconds=60),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
)


@dataclass(frozen=True)
class SentVoid:
    """A void as it is kept. `looks` counts questions to the core since it was sent."""

    record_id: str
    person: Person
    asker_id: str
    asked_as: AskedAs
    state: VoidingState
    reason: str
    sent_at: dt.datetime
    looks: int = 0

    def next_look(self, now: dt.datetime) -> dt.datetime:
        """When the core is asked next what became of it: soon, then ever more seldom."""
        return now + _LOOKS[min(self.looks, len(_LOOKS) - 1)]


def outcome(sent: SentVoid, records: Sequence[CoreRecord], now: dt.datetime) -> tuple[VoidingState, str]:
    """What the core's records say of a void, and the reason of a refusal. One that is no longer listed is voided: it
    was listed before it was sent."""
    record = next((record for record in records if record.record_id == sent.record_id), None)
    if record is None or record.state is RecordState.VOIDED:
        return VoidingState.VOIDED, ""
    if record.state is RecordState.PAID:
        return VoidingState.REFUSED, DeclarationPaid.text
    if now - sent.sent_at < ON_ITS_WAY:
        return VoidingState.CONFIRMING, ""
    return VoidingState.UNDONE, ""


def declaration_of(record: CoreRecord, confirming: bool) -> Declaration:
    """An unpaid or voided record as a declaration."""
    state = DeclarationState.VOIDED if record.state is RecordState.VOIDED else DeclarationState.DECLARED
    if confirming and state is DeclarationState.DECLARED:
        state = DeclarationState.CONFIRMING
    return Declaration(
        record.record_id, record.insurance_type, record.period_from, record.period_to, record.amount,
        record.agency_name, record.person_number, record.declared_on, state,
    )  # fmt: skip
