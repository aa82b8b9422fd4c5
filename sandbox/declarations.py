"""What was declared to the tax core and is not paid: the void takes it back (requirement 3.2.1.10).

Declarations are computed with their person; the store remembers only what became of them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import moment
from sandbox.payables import paid_by, tier_of
from sandbox.people import Declaration, Person
from sandbox.store import Store

UNPAID, PAID, VOIDED = "0", "1", "2"
"""JFBS of a record [A]."""


class NoDeclaration(Exception):
    """The person has no such declaration."""


class AlreadyPaid(Exception):
    """The tax core has, or is about to have, the money."""


class AlreadyVoided(Exception):
    """It was taken back before."""


@dataclass(frozen=True)
class Declared:
    """One declaration as the tax core shows it; ``amount`` in fen, ``state`` a JFBS."""

    record: str
    insurance_type: str
    year: str
    amount: int
    at: datetime
    person_number: str
    state: str
    paid_at: datetime | None = None
    being_paid: bool = False


def declared_by(store: Store, person: Person, now: float) -> list[Declared]:
    """Every declaration of a person; one whose year was paid through an order is not listed beside the payment."""
    paid = {(p.insurance_type, p.year) for p in paid_by(store, person, now)}
    known = (
        {row["sbuuid"]: row for row in store.all("SELECT * FROM declarations")} if person.declarations else {}
    )
    listed = [
        _declared(person, index, declaration, known.get(_record(person, index)), now)
        for index, declaration in enumerate(person.declarations)
    ]
    return [d for d in listed if d.state != UNPAID or (d.insurance_type, d.year) not in paid]


def void(store: Store, person: Person, record: str, now: float) -> None:
    """Take a declaration back; raises ``NoDeclaration``, ``AlreadyPaid`` or ``AlreadyVoided``."""
    found = next((d for d in declared_by(store, person, now) if d.record == record), None)
    if found is None:
        if any(p.record == record for p in paid_by(store, person, now)):
            raise AlreadyPaid
        raise NoDeclaration
    if found.state == VOIDED:
        raise AlreadyVoided
    if found.state == PAID or found.being_paid:
        raise AlreadyPaid
    settle(store, record, VOIDED, now)


def settle(store: Store, record: str, state: str, now: float) -> None:
    """Remember what became of a declaration; the first word stands."""
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO declarations VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (record, state, now)
        )


def _record(person: Person, index: int) -> str:
    return f"DECLARED{person.djxh}-{index}"


def _declared(
    person: Person, index: int, declaration: Declaration, row: sqlite3.Row | None, now: float
) -> Declared:
    today = moment(now)
    year = today.year + declaration.year
    at = today.replace(hour=9, minute=15, second=0, microsecond=0) - timedelta(days=declaration.days_ago)
    state = row["state"] if row else UNPAID
    paid = moment(row["at"]) if row and state == PAID else None
    numbers = [e.person_number for e in person.enrolments if e.insurance_type == declaration.insurance_type]
    return Declared(
        _record(person, index),
        declaration.insurance_type,
        str(year),
        tier_of(declaration.insurance_type, year, declaration.tier).amount,
        at,
        numbers[0],
        state,
        paid,
        declaration.being_paid,
    )
