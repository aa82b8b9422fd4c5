"""The gateway's storage as dictionaries."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from services.gateway.domain.batches import Batch, BatchState, Line, LineState, Progress
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

    def find(self, tx: Any, token_hashes: Collection[bytes]) -> dict[bytes, Session]:
        return {one: self.rows[one] for one in token_hashes if one in self.rows}

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


class FakeBatches:
    def __init__(self) -> None:
        self.rows: dict[str, Batch] = {}
        self.line_rows: dict[str, Line] = {}

    def exists(self, tx: Any, wanted: str) -> bool:
        return wanted in self.rows

    def find(self, tx: Any, payer_id: str, batch_id: str) -> Batch | None:
        found = self.rows.get(batch_id)
        return found if found and found.payer_id == payer_id else None

    def find_open(self, tx: Any, payer_id: str, updated_since: dt.datetime) -> Batch | None:
        mine = (b for b in self.rows.values() if b.payer_id == payer_id and b.state is BatchState.OPEN)
        return next((batch for batch in mine if batch.updated_at >= updated_since), None)

    def find_of_order(self, tx: Any, payer_id: str, order_id: str) -> Batch | None:
        mine = (batch for batch in self.rows.values() if batch.payer_id == payer_id)
        return next((batch for batch in mine if batch.order_id == order_id), None)

    def leave_open(self, tx: Any, payer_id: str, now: dt.datetime) -> None:
        for key, batch in self.rows.items():
            if batch.payer_id == payer_id and batch.state is BatchState.OPEN:
                left = replace(batch, state=BatchState.LEFT, version=batch.version + 1, updated_at=now)
                self.rows[key] = left

    def add(self, tx: Any, batch: Batch) -> bool:
        self.rows[batch.batch_id] = batch
        return True

    def save(self, tx: Any, batch: Batch) -> Batch | None:
        if self.rows[batch.batch_id].version != batch.version:
            return None
        newer = replace(batch, version=batch.version + 1)
        self.rows[batch.batch_id] = newer
        return newer

    def touch(self, tx: Any, batch_id: str, now: dt.datetime) -> bool:
        if self.rows[batch_id].state is not BatchState.OPEN:
            return False
        self.rows[batch_id] = replace(self.rows[batch_id], updated_at=now)
        return True

    def lines(self, tx: Any, batch_id: str) -> list[Line]:
        mine = (line for line in self.line_rows.values() if line.batch_id == batch_id)
        return sorted(mine, key=lambda line: line.position)

    def find_line(self, tx: Any, batch_id: str, line_id: str) -> Line | None:
        return next((line for line in self.lines(tx, batch_id) if line.line_id == line_id), None)

    def add_lines(self, tx: Any, lines: Iterable[Line]) -> None:
        self.line_rows |= {line.line_id: line for line in lines}

    def save_line(self, tx: Any, line: Line) -> Line | None:
        known = self.line_rows.get(line.line_id)
        if known is None or known.version != line.version:
            return None
        newer = replace(line, version=line.version + 1)
        self.line_rows[line.line_id] = newer
        return newer

    def remove_line(self, tx: Any, batch_id: str, line_id: str) -> bool:
        return self.line_rows.pop(line_id, None) is not None

    def progress(self, tx: Any, batch_id: str, asked_since: dt.datetime) -> Progress:
        lines = self.lines(tx, batch_id)
        waiting = [line for line in lines if line.state is LineState.WAITING]
        asking = [line for line in waiting if line.asked_at and line.asked_at > asked_since]
        return Progress(len(lines), len(waiting), len(asking), asking[0].line_id if asking else "")

    def claim_line(
        self, tx: Any, batch_id: str, now: dt.datetime, asked_since: dt.datetime, most: int
    ) -> Line | None:
        if not self.touch(tx, batch_id, now) or self.progress(tx, batch_id, asked_since).asking >= most:
            return None
        waiting = (line for line in self.lines(tx, batch_id) if line.state is LineState.WAITING)
        free = (line for line in waiting if line.asked_at is None or line.asked_at <= asked_since)
        line = next(free, None)
        return None if line is None else self.save_line(tx, replace(line, asked_at=now))

    def remove_of_payer(self, tx: Any, payer_id: str) -> int:
        mine = [key for key, batch in self.rows.items() if batch.payer_id == payer_id]
        return sum(self._remove(key) for key in mine)

    def prune(self, tx: Any, updated_before: dt.datetime) -> int:
        old = [key for key, batch in self.rows.items() if batch.updated_at < updated_before]
        return sum(self._remove(key) for key in old)

    def _remove(self, batch_id: str) -> int:
        del self.rows[batch_id]
        self.line_rows = {k: line for k, line in self.line_rows.items() if line.batch_id != batch_id}
        return 1
