"""The gateway's storage as dictionaries."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from services.gateway.domain.drafts import Journey, JourneyState
from services.gateway.domain.sessions import Session


class FakeTransactions:
    """Counts transactions that are open, so that a test can prove none is while others are asked."""

    open = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        self.open += 1
        try:
            yield None
        finally:
            self.open -= 1

    read = transaction


class FakeSessions:
    def __init__(self) -> None:
        self.rows: dict[bytes, Session] = {}

    def add(self, tx: Any, session: Session) -> None:
        self.rows[session.token_hash] = session

    def save(self, tx: Any, session: Session) -> None:
        assert session.token_hash in self.rows
        self.rows[session.token_hash] = session

    def touch(self, tx: Any, token_hash: bytes, now: dt.datetime) -> None:
        self.rows[token_hash] = replace(self.rows[token_hash], last_seen_at=now)

    def remove(self, tx: Any, token_hash: bytes) -> bool:
        return self.rows.pop(token_hash, None) is not None

    def of_person(self, tx: Any, person_id: str) -> list[Session]:
        mine = [row for row in self.rows.values() if row.payer and row.payer.person_id == person_id]
        return sorted(mine, key=lambda session: session.last_seen_at, reverse=True)

    def remove_older(self, tx: Any, person_id: str, phone_version: int) -> int:
        older = [one for one in self.of_person(tx, person_id) if (one.phone_version or 0) < phone_version]
        return sum(self.remove(tx, session.token_hash) for session in older)

    def remove_of_person(self, tx: Any, person_id: str) -> int:
        return sum(self.remove(tx, session.token_hash) for session in self.of_person(tx, person_id))

    def prune(self, tx: Any, seen_before: dt.datetime, created_before: dt.datetime) -> int:
        dead = [
            key for key, session in self.rows.items()
            if session.last_seen_at < seen_before or session.created_at < created_before
        ]  # fmt: skip
        for key in dead:
            del self.rows[key]
        return len(dead)


class FakeJourneys:
    """`taken` makes the next `add` lose against another request that opened this journey."""

    def __init__(self) -> None:
        self.rows: dict[str, Journey] = {}
        self.taken: Journey | None = None

    def find_open(self, tx: Any, payer_id: str, updated_since: dt.datetime) -> Journey | None:
        mine = (j for j in self.rows.values() if j.payer_id == payer_id and j.state is JourneyState.OPEN)
        return next((journey for journey in mine if journey.updated_at >= updated_since), None)

    def leave_open(self, tx: Any, payer_id: str, now: dt.datetime) -> None:
        for key, journey in self.rows.items():
            if journey.payer_id == payer_id and journey.state is JourneyState.OPEN:
                left = replace(journey, state=JourneyState.LEFT, version=journey.version + 1, updated_at=now)
                self.rows[key] = left

    def add(self, tx: Any, journey: Journey) -> bool:
        if self.taken is not None:
            self.rows[self.taken.journey_id], self.taken = self.taken, None
            return False
        self.rows[journey.journey_id] = journey
        return True

    def save(self, tx: Any, journey: Journey) -> Journey | None:
        if self.rows[journey.journey_id].version != journey.version:
            return None
        newer = replace(journey, version=journey.version + 1)
        self.rows[journey.journey_id] = newer
        return newer

    def remove_of_payer(self, tx: Any, payer_id: str) -> int:
        mine = [key for key, journey in self.rows.items() if journey.payer_id == payer_id]
        for key in mine:
            del self.rows[key]
        return len(mine)

    def prune(self, tx: Any, updated_before: dt.datetime) -> int:
        dead = [key for key, journey in self.rows.items() if journey.updated_at < updated_before]
        for key in dead:
            del self.rows[key]
        return len(dead)
