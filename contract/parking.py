"""Events a service could not handle and parked, as staff see them. Served by every service that takes events."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contract.errors import InvalidInput, NotFound
from contract.rpc import Method

LONGEST_REASON = 200


class ParkedNotFound(NotFound):
    """No parked event of this id: it was tried again or discarded meanwhile."""

    code = "parked_not_found"
    text = "没有找到这条停放的消息，可能已经重新处理或者丢弃。"


class DiscardUnexplained(InvalidInput):
    """Whoever discards an event says why."""

    code = "discard_unexplained"
    text = f"请填写2到{LONGEST_REASON}个字的丢弃原因。没有丢弃。"


@dataclass(frozen=True)
class ListParked:
    """What waits for an operator, oldest first."""


@dataclass(frozen=True)
class ParkedView:
    """One event for one consumer of the service. `reason` is why it could not be handled."""

    event_id: str
    type: str
    consumer: str
    reason: str
    attempts: int
    changed_at: dt.datetime


@dataclass(frozen=True)
class ParkedEvents:
    """Oldest first, 200 at most; `total` is how many there are."""

    events: tuple[ParkedView, ...]
    total: int


@dataclass(frozen=True)
class ParkedNamed:
    """One event, for all of the service's consumers that parked it."""

    event_id: str


@dataclass(frozen=True)
class ParkedInFull:
    """`raw` is the message as it came, personal fields blanked."""

    events: tuple[ParkedView, ...]
    raw: str


@dataclass(frozen=True)
class DiscardParked:
    """Never handle an event. It stays in the inbox, with who said so and why."""

    event_id: str
    reason: str


@dataclass(frozen=True)
class ParkingDone:
    """How many consumers it concerned."""

    consumers: int


TAKERS = ("gateway", "identity", "contribution", "payment", "notify", "certificate")
"""The services that take events."""

LIST_PARKED = {name: Method(name, "list_parked", ListParked, ParkedEvents) for name in TAKERS}
GET_PARKED = {
    name: Method(name, "get_parked", ParkedNamed, ParkedInFull, errors=(ParkedNotFound,)) for name in TAKERS
}
REPLAY_PARKED = {
    name: Method(name, "replay_parked", ParkedNamed, ParkingDone, errors=(ParkedNotFound,), command=True)
    for name in TAKERS
}
DISCARD_PARKED = {
    name: Method(
        name, "discard_parked", DiscardParked, ParkingDone, errors=(ParkedNotFound, DiscardUnexplained), command=True
    )
    for name in TAKERS
}  # fmt: skip
