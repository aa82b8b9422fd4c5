"""What every action may use of the world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from contract.rpc import Method
from kit.clock import Clock
from kit.database import Transactions
from services.gateway.domain.drafts import Journey
from services.gateway.domain.readings import Reading
from services.gateway.domain.sessions import Session

Request = TypeVar("Request")

Answer = TypeVar("Answer")


class Peers(Protocol):
    """The other services."""

    def call(self, method: Method[Request, Answer], request: Request) -> Answer: ...


class Aside(Protocol):
    """Work that goes on by itself when a request has stayed with it for a moment."""

    def run(self, work: Callable[[], Answer]) -> Answer | None: ...
    def begin(self, work: Callable[[], None]) -> None: ...


class SessionStorage(Protocol):
    def add(self, tx: Any, session: Session) -> None: ...
    def save(self, tx: Any, session: Session) -> None: ...
    def touch(self, tx: Any, token_hash: bytes, now: dt.datetime) -> None: ...
    def remove(self, tx: Any, token_hash: bytes) -> bool: ...
    def of_person(self, tx: Any, person_id: str) -> Sequence[Session]: ...
    def remove_older(self, tx: Any, person_id: str, phone_version: int) -> int: ...
    def remove_of_person(self, tx: Any, person_id: str) -> int: ...
    def prune(self, tx: Any, seen_before: dt.datetime, created_before: dt.datetime) -> int: ...


class JourneyStorage(Protocol):
    def find_open(self, tx: Any, payer_id: str, updated_since: dt.datetime) -> Journey | None: ...
    def leave_open(self, tx: Any, payer_id: str, now: dt.datetime) -> None: ...
    def add(self, tx: Any, journey: Journey) -> bool: ...
    def save(self, tx: Any, journey: Journey) -> Journey | None: ...
    def remove_of_payer(self, tx: Any, payer_id: str) -> int: ...
    def prune(self, tx: Any, updated_before: dt.datetime) -> int: ...


class ReadingStorage(Protocol):
    def add(self, tx: Any, reading: Reading) -> None: ...
    def save(self, tx: Any, reading: Reading) -> None: ...
    def find(self, tx: Any, reading_id: str, owner: str) -> Reading | None: ...
    def prune(self, tx: Any, begun_before: dt.datetime) -> int: ...


@dataclass(frozen=True)
class Ports:
    """What every action may use of the world."""

    transactions: Transactions
    sessions: SessionStorage
    journeys: JourneyStorage
    peers: Peers
    clock: Clock
    aside: Aside
