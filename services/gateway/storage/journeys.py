"""The only code that queries journeys."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from contract import schema
from kit.database import insert_or_ignore
from services.gateway.domain.drafts import Draft, Journey, JourneyState
from services.gateway.models import journeys


class Journeys:
    """Journeys of payers; another payer's journey is not found."""

    def find(self, tx: Connection, payer_id: str, journey_id: str) -> Journey | None:
        same = (journeys.c.journey_id == journey_id) & (journeys.c.payer_id == payer_id)
        row = tx.execute(select(journeys).where(same)).one_or_none()
        return None if row is None else _journey(row)

    def exists(self, tx: Connection, wanted: str) -> bool:
        """Whether there is such a journey, whoever's it is."""
        return (
            tx.execute(select(journeys.c.journey_id).where(journeys.c.journey_id == wanted)).first()
            is not None
        )

    def find_open(self, tx: Connection, payer_id: str, updated_since: dt.datetime) -> Journey | None:
        """The payer's open journey, unless it is too old to be gone on with."""
        t = journeys.c
        mine = (t.payer_id == payer_id) & (t.state == JourneyState.OPEN) & (t.updated_at >= updated_since)
        row = tx.execute(select(journeys).where(mine)).one_or_none()
        return None if row is None else _journey(row)

    def leave_open(self, tx: Connection, payer_id: str, now: dt.datetime) -> None:
        """The payer's open journey, if any, is no longer the one to go on with, and an answer that comes for it later
        does not open it again."""
        mine = (journeys.c.payer_id == payer_id) & (journeys.c.state == JourneyState.OPEN)
        left = {"state": JourneyState.LEFT, "version": journeys.c.version + 1, "updated_at": now}
        tx.execute(update(journeys).where(mine).values(left))

    def add(self, tx: Connection, journey: Journey) -> bool:
        """False when another request opened one at the same moment."""
        return insert_or_ignore(tx, journeys, journey_id=journey.journey_id, **_journey_values(journey))

    def save(self, tx: Connection, journey: Journey) -> Journey | None:
        """Write the journey if nobody did since it was read; None when somebody did."""
        newer = replace(journey, version=journey.version + 1)
        same = (journeys.c.journey_id == journey.journey_id) & (journeys.c.version == journey.version)
        done = tx.execute(update(journeys).where(same).values(**_journey_values(newer)))
        return newer if done.rowcount else None

    def remove_of_payer(self, tx: Connection, payer_id: str) -> int:
        """Forget a payer's journeys; returns how many."""
        return int(tx.execute(delete(journeys).where(journeys.c.payer_id == payer_id)).rowcount)

    def prune(self, tx: Connection, updated_before: dt.datetime) -> int:
        """Forget journeys, and the personal data in them; returns how many."""
        return int(tx.execute(delete(journeys).where(journeys.c.updated_at < updated_before)).rowcount)


def _journey_values(journey: Journey) -> dict[str, Any]:
    kept = ("payer_id", "state", "order_id", "enrolment_asked_at", "version", "created_at", "updated_at")
    return {name: getattr(journey, name) for name in kept} | {"draft": schema.dump(journey.draft)}


def _journey(row: Row[Any]) -> Journey:
    values = dict(row._mapping)
    return Journey(**values | {"state": JourneyState(values["state"]), "draft": draft_of(values["draft"])})


def draft_of(data: dict[str, Any]) -> Draft:
    """A draft as it was stored. A quote that another version wrote in another shape is asked for anew; the rest is
    additive."""
    try:
        return schema.load(Draft, data)
    except schema.MalformedPayload:
        return schema.load(Draft, data | {"quoted": None})
