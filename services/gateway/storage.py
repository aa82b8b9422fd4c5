"""The only code that queries the gateway's tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from contract import schema
from kit.database import insert_or_ignore
from services.gateway.domain import Draft, Journey, JourneyState, LoggedInPayer, Session
from services.gateway.models import journeys, sessions

_SESSION_COLUMNS = [column for column in sessions.c if column.name != "openid_index"]
_FIND_SESSION = select(*_SESSION_COLUMNS).where(sessions.c.token_hash == bindparam("token_hash"))


class Sessions:
    """Sessions by the hash of their token."""

    def find(self, tx: Connection, token_hash: bytes) -> Session | None:
        """One select: every request pays for it."""
        row = tx.execute(_FIND_SESSION, {"token_hash": token_hash}).one_or_none()
        return None if row is None else _session(row)

    def add(self, tx: Connection, session: Session) -> None:
        tx.execute(insert(sessions).values(**_session_values(session), openid_index=session.openid))

    def save(self, tx: Connection, session: Session) -> None:
        """Write everything but the openid, which never changes."""
        values = {name: value for name, value in _session_values(session).items() if name != "openid"}
        tx.execute(update(sessions).where(sessions.c.token_hash == session.token_hash).values(**values))

    def touch(self, tx: Connection, token_hash: bytes, now: dt.datetime) -> None:
        tx.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(last_seen_at=now))

    def remove(self, tx: Connection, token_hash: bytes) -> bool:
        """False when it was gone already."""
        return bool(tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash)).rowcount)

    def prune(self, tx: Connection, seen_before: dt.datetime, created_before: dt.datetime) -> int:
        """Forget dead sessions; returns how many."""
        dead = or_(sessions.c.last_seen_at < seen_before, sessions.c.created_at < created_before)
        return int(tx.execute(delete(sessions).where(dead)).rowcount)


class Journeys:
    """Journeys of payers; another payer's journey is not found."""

    def find(self, tx: Connection, payer_id: str, journey_id: str) -> Journey | None:
        same = (journeys.c.journey_id == journey_id) & (journeys.c.payer_id == payer_id)
        row = tx.execute(select(journeys).where(same)).one_or_none()
        return None if row is None else _journey(row)

    def find_open(self, tx: Connection, payer_id: str, updated_since: dt.datetime) -> Journey | None:
        """The payer's open journey, unless it is too old to be gone on with."""
        t = journeys.c
        mine = (t.payer_id == payer_id) & (t.state == JourneyState.OPEN) & (t.updated_at >= updated_since)
        row = tx.execute(select(journeys).where(mine)).one_or_none()
        return None if row is None else _journey(row)

    def leave_open(self, tx: Connection, payer_id: str, now: dt.datetime) -> None:
        """The payer's open journey, if any, is no longer the one to go on with."""
        mine = (journeys.c.payer_id == payer_id) & (journeys.c.state == JourneyState.OPEN)
        tx.execute(update(journeys).where(mine).values(state=JourneyState.LEFT, updated_at=now))

    def add(self, tx: Connection, journey: Journey) -> bool:
        """False when another request opened one at the same moment."""
        return insert_or_ignore(tx, journeys, journey_id=journey.journey_id, **_journey_values(journey))

    def save(self, tx: Connection, journey: Journey) -> Journey | None:
        """Write the journey if nobody did since it was read; None when somebody did."""
        newer = replace(journey, version=journey.version + 1)
        same = (journeys.c.journey_id == journey.journey_id) & (journeys.c.version == journey.version)
        done = tx.execute(update(journeys).where(same).values(**_journey_values(newer)))
        return newer if done.rowcount else None

    def prune(self, tx: Connection, updated_before: dt.datetime) -> int:
        """Forget journeys, and the personal data in them; returns how many."""
        return int(tx.execute(delete(journeys).where(journeys.c.updated_at < updated_before)).rowcount)


def _session_values(session: Session) -> dict[str, Any]:
    values = {name: value for name, value in vars(session).items() if name != "payer"}
    payer = session.payer
    return {**values, "person_id": payer and payer.person_id, "payer": payer and schema.dump(payer)}


def _session(row: Row[Any]) -> Session:
    values = {name: value for name, value in row._mapping.items() if name != "person_id"}
    payer = values.pop("payer")
    return Session(**values, payer=schema.load(LoggedInPayer, payer) if payer else None)


def _journey_values(journey: Journey) -> dict[str, Any]:
    kept = ("payer_id", "state", "order_id", "enrolment_asked_at", "version", "created_at", "updated_at")
    return {name: getattr(journey, name) for name in kept} | {"draft": schema.dump(journey.draft)}


def _journey(row: Row[Any]) -> Journey:
    values = dict(row._mapping)
    return Journey(
        **values | {"state": JourneyState(values["state"]), "draft": schema.load(Draft, values["draft"])}
    )
