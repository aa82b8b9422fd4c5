"""A person's own sessions: seen, ended one by one, or ended by what identity says (security.md 3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from contract.errors import NotFound
from kit.database import Transactions
from kit.gathering import Asked
from services.gateway.domain.sessions import Session
from services.gateway.usecases.login import end_login
from services.gateway.usecases.ports import BatchStorage, JourneyStorage, Ports, SessionStorage


class Presented(NamedTuple):
    """The hash of a token that somebody presents, and where sessions are."""

    token_hash: bytes
    database: Transactions
    sessions: SessionStorage


def find_sessions(together: Sequence[Asked[Presented]]) -> list[Session | None]:
    """The session of each: every request asks, so those that come at once ask in one statement."""
    _, database, storage = together[0].item
    with database.read() as tx:
        found = storage.find(tx, {asked.item.token_hash for asked in together})
    return [found.get(asked.item.token_hash) for asked in together]


def list_sessions(
    person_id: str, idle: dt.timedelta, absolute: dt.timedelta, ports: Ports
) -> Sequence[Session]:
    """The live sessions of a person, the last used first."""
    now = ports.clock.now()
    with ports.transactions.read() as tx:
        found = ports.sessions.of_person(tx, person_id)
    return [session for session in found if session.alive(now, idle, absolute)]


def end_session(person_id: str, session_id: str, ports: Ports) -> Session:
    """End one session of a person; returns it. Raises NotFound for another person's, and for one that is over."""
    with ports.transactions.transaction() as tx:
        found = ports.sessions.of_person(tx, person_id)
        ended = next((session for session in found if session.session_id == session_id), None)
        if ended is None:
            raise NotFound("没有找到这台设备的登录，可能已经退出。")
        ports.sessions.remove(tx, ended.token_hash)
    end_login(ended, ports)
    return ended


def end_other_sessions(current: Session, person_id: str, ports: Ports) -> int:
    """End a person's sessions but this one; returns how many."""
    with ports.transactions.transaction() as tx:
        found = ports.sessions.of_person(tx, person_id)
        others = [session for session in found if session.token_hash != current.token_hash]
        for session in others:
            ports.sessions.remove(tx, session.token_hash)
    for session in {session.openid: session for session in others}.values():
        end_login(session, ports)
    return len(others)


def end_sessions_of_older_phones(
    tx: Any, person_id: str, phone_version: int, sessions: SessionStorage
) -> None:
    """The person has another phone: whoever holds the old one is out."""
    sessions.remove_older(tx, person_id, phone_version)


def forget_person(
    tx: Any, person_id: str, sessions: SessionStorage, journeys: JourneyStorage, batches: BatchStorage
) -> None:
    """The person was erased: nothing of theirs stays in sessions or drafts."""
    sessions.remove_of_person(tx, person_id)
    journeys.remove_of_payer(tx, person_id)
    batches.remove_of_payer(tx, person_id)
