"""The only code that queries readings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from contract import schema
from contract.ocr import CardReading
from services.gateway.domain.readings import Reading, ReadingState
from services.gateway.domain.sessions import hash_of
from services.gateway.models import readings


class Readings:
    """Readings of cards; another caller's reading is not found."""

    def add(self, tx: Connection, reading: Reading) -> None:
        tx.execute(
            insert(readings).values(
                id_hash=hash_of(reading.reading_id), owner=hash_of(reading.owner), **_values(reading)
            )
        )

    def save(self, tx: Connection, reading: Reading) -> None:
        same = readings.c.id_hash == hash_of(reading.reading_id)
        tx.execute(update(readings).where(same).values(**_values(reading)))

    def find(self, tx: Connection, reading_id: str, owner: str) -> Reading | None:
        own = (readings.c.id_hash == hash_of(reading_id)) & (readings.c.owner == hash_of(owner))
        row = tx.execute(select(readings).where(own)).one_or_none()
        if row is None:
            return None
        card = None if row.card is None else schema.load(CardReading, row.card)
        return Reading(reading_id, owner, ReadingState(row.state), row.begun_at, card, row.problem)

    def prune(self, tx: Connection, begun_before: dt.datetime) -> int:
        """Forget readings, and the personal data in them; returns how many."""
        return int(tx.execute(delete(readings).where(readings.c.begun_at < begun_before)).rowcount)


def _values(reading: Reading) -> dict[str, Any]:
    card = None if reading.card is None else schema.dump(reading.card)
    return {"state": reading.state, "begun_at": reading.begun_at, "card": card, "problem": reading.problem}
