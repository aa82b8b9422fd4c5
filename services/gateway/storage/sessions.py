"""The only code that queries sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from contract import schema
from services.gateway.domain.sessions import LoggedInPayer, RecalledPerson, Session
from services.gateway.models import sessions

_SESSION_COLUMNS = [column for column in sessions.c if column.name != "openid_index"]

# Built once: every request passes here, and building a statement costs more than executing it.
_FIND = select(*_SESSION_COLUMNS).where(sessions.c.token_hash.in_(bindparam("token_hashes", expanding=True)))


class Sessions:
    """Sessions by the hash of their token."""

    def find(self, tx: Connection, token_hashes: Collection[bytes]) -> dict[bytes, Session]:
        """Those there are, by the hash of their token."""
        found = [_session(row) for row in tx.execute(_FIND, {"token_hashes": list(token_hashes)}).mappings()]
        return {session.token_hash: session for session in found}

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

    def of_person(self, tx: Connection, person_id: str) -> Sequence[Session]:
        """A person's sessions, dead ones too, the last used first."""
        newest = sessions.c.last_seen_at.desc()
        mine = select(*_SESSION_COLUMNS).where(sessions.c.person_id == person_id).order_by(newest)
        return [_session(row) for row in tx.execute(mine).mappings()]

    def remove_older(self, tx: Connection, person_id: str, phone_version: int) -> int:
        """End the sessions of a person's earlier phones; returns how many."""
        older = (sessions.c.person_id == person_id) & (sessions.c.phone_version < phone_version)
        return int(tx.execute(delete(sessions).where(older)).rowcount)

    def remove_of_person(self, tx: Connection, person_id: str) -> int:
        """End all sessions of a person; returns how many."""
        return int(tx.execute(delete(sessions).where(sessions.c.person_id == person_id)).rowcount)

    def prune(self, tx: Connection, seen_before: dt.datetime, created_before: dt.datetime) -> int:
        """Forget dead sessions; returns how many."""
        dead = or_(sessions.c.last_seen_at < seen_before, sessions.c.created_at < created_before)
        return int(tx.execute(delete(sessions).where(dead)).rowcount)


def _session_values(session: Session) -> dict[str, Any]:
    payer, recalled = session.payer, session.recalled
    return vars(session) | {
        "person_id": payer and payer.person_id,
        "payer": payer and schema.dump(payer),
        "recalled": recalled and schema.dump(recalled),
    }


def _session(row: Mapping[str, Any]) -> Session:
    values = {name: value for name, value in row.items() if name != "person_id"}
    payer, recalled = values.pop("payer"), values.pop("recalled")
    return Session(
        **values,
        payer=schema.load(LoggedInPayer, payer) if payer else None,
        recalled=schema.load(RecalledPerson, recalled) if recalled else None,
    )
