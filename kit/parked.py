"""Parked events as staff handle them over the bus: looked at, tried again, or discarded with a reason."""

from __future__ import annotations

from sqlalchemy import MetaData

from contract.audit import staff as by_staff
from contract.parking import (
    DISCARD_PARKED,
    GET_PARKED,
    LIST_PARKED,
    LONGEST_REASON,
    REPLAY_PARKED,
    DiscardParked,
    DiscardUnexplained,
    ListParked,
    ParkedEvents,
    ParkedInFull,
    ParkedNamed,
    ParkedNotFound,
    ParkedView,
    ParkingDone,
)
from contract.staff import Staff, known_as
from kit.audit import Act, Action, Journal
from kit.clock import Clock
from kit.database import Database
from kit.inbox import Failure, Inbox, InboxState, inbox_table
from kit.journalled import JournalEntrypoints
from kit.staff import staff_rpc
from kit.telemetry import redact

MOST = 200
_INBOX = Inbox(inbox_table(MetaData()))


class ParkedEntrypoints(JournalEntrypoints):
    """Base of every service that takes events."""

    @staff_rpc(LIST_PARKED["payment"])
    def list_parked(self, request: ListParked, staff: Staff) -> ParkedEvents:
        with self.database.read() as connection:
            parked = _INBOX.failures(connection)
        return ParkedEvents(tuple(map(_view, parked[:MOST])), len(parked))

    @staff_rpc(GET_PARKED["payment"])
    def get_parked(self, request: ParkedNamed, staff: Staff) -> ParkedInFull:
        return get_parked(request, self.database, staff, self.journal, self.clock)

    @staff_rpc(REPLAY_PARKED["payment"])
    def replay_parked(self, request: ParkedNamed, staff: Staff) -> ParkingDone:
        return replay_parked(request, self.database, staff, self.journal, self.clock)

    @staff_rpc(DISCARD_PARKED["payment"])
    def discard_parked(self, request: DiscardParked, staff: Staff) -> ParkingDone:
        return discard_parked(request, self.database, staff, self.journal, self.clock)


def get_parked(
    request: ParkedNamed, database: Database, staff: Staff, journal: Journal, clock: Clock
) -> ParkedInFull:
    """One event as it came, personal fields blanked. Raises ParkedNotFound."""
    with database.transaction() as tx:
        found = [one for one in _INBOX.find(tx, request.event_id) if one.state is InboxState.PARKED]
        if not found:
            raise ParkedNotFound()
        journal.add(tx, _act(Action.PARKED_READ, request.event_id, staff), clock.now())
    return ParkedInFull(tuple(map(_view, found)), redact(found[0].raw))


def replay_parked(
    request: ParkedNamed, database: Database, staff: Staff, journal: Journal, clock: Clock
) -> ParkingDone:
    """Try an event again from the first attempt. Raises ParkedNotFound."""
    with database.transaction() as tx:
        consumers = _INBOX.replay(tx, request.event_id, clock.now())
        if not consumers:
            raise ParkedNotFound()
        journal.add(tx, _act(Action.PARKED_REPLAYED, request.event_id, staff), clock.now())
    return ParkingDone(consumers)


def discard_parked(
    request: DiscardParked, database: Database, staff: Staff, journal: Journal, clock: Clock
) -> ParkingDone:
    """Never handle an event, for a reason. Raises ParkedNotFound, DiscardUnexplained."""
    reason = request.reason.strip()
    if not 2 <= len(reason) <= LONGEST_REASON:
        raise DiscardUnexplained(field="reason")
    with database.transaction() as tx:
        why = f"{known_as(staff)}丢弃：{reason}"
        consumers = _INBOX.discard(tx, request.event_id, why, clock.now())
        if not consumers:
            raise ParkedNotFound()
        journal.add(tx, _act(Action.PARKED_DISCARDED, request.event_id, staff, reason), clock.now())
    return ParkingDone(consumers)


def _act(action: Action, event_id: str, staff: Staff, purpose: str = "") -> Act:
    return Act(by_staff(staff.account), action, f"event:{event_id}", purpose=purpose)


def _view(failure: Failure) -> ParkedView:
    return ParkedView(
        failure.event_id, failure.type, failure.consumer, failure.reason, failure.attempts, failure.changed_at
    )
