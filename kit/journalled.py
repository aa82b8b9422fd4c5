"""The journal of a service, read by who audits."""

from __future__ import annotations

from typing import Any

from contract.audit import Action
from contract.journal import LIST_ACTS, MOST, ActSeen, ActsSeen, ListActs
from contract.staff import Staff
from kit.audit import Journal
from kit.database import Database
from kit.service import Service
from kit.staff import staff_rpc


class JournalEntrypoints(Service):
    """Base of every service whose journal is read over the bus."""

    @staff_rpc(LIST_ACTS["payment"])
    def list_acts(self, request: ListActs, staff: Staff) -> ActsSeen:
        return list_acts(request, self.database, self.journal)


def list_acts(request: ListActs, database: Database, journal: Journal) -> ActsSeen:
    """The newest acts that fit; an action nobody knows fits none."""
    known = set(Action)
    if request.action and request.action not in known:
        return ActsSeen(())
    action = Action(request.action) if request.action else None
    with database.read() as connection:
        found = journal.latest(connection, request.actor, request.target, action, min(request.limit, MOST))
        return ActsSeen(tuple(_seen(act, journal) for act in found))


def _seen(act: Any, journal: Journal) -> ActSeen:
    label = Action(act.action).label if act.action in set(Action) else act.action
    detail = " ".join(f"{name}={value}" for name, value in act.detail.items() if value != "")
    return ActSeen(
        act.at, act.actor, act.origin, act.action, label, act.target, act.result, act.purpose, detail, act.sequence,
        journal.holds(act),
    )  # fmt: skip
