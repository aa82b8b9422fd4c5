"""The only code that queries tripartite agreements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select, update

from contract.agreement import AgreementState
from contract.people import Person
from kit.database import insert_or_ignore
from services.contribution.domain.agreements import FINAL, LIVE, Agreement
from services.contribution.models import agreement_history, agreements

_COLUMNS = [field.name for field in fields(Agreement)]


class Blocker(NamedTuple):
    """The agreement that stands in a new one's way; whether it has the same key, and the same account."""

    agreement: Agreement
    same_key: bool
    same_account: bool


class AgreementStorage:
    """Agreements and their history."""

    def add(self, tx: Connection, agreement: Agreement, person: Person) -> bool:
        """Insert a new agreement; False when its key, or its person and account, already have one."""
        return insert_or_ignore(
            tx, agreements, person_index=_person_key(person), account_index=_account_key(agreement),
            **_values(agreement),
        )  # fmt: skip

    def blocker(self, tx: Connection, agreement: Agreement, person: Person) -> Blocker | None:
        """Why `add` refused: the same key before another live agreement for the account."""
        t = agreements.c
        same_account = t.account_index == _account_key(agreement)
        same_key = (t.person_id == agreement.person_id) & (t.idempotency_key == agreement.idempotency_key)
        for condition in (same_key, (t.person_index == _person_key(person)) & same_account & t.live):
            row = tx.execute(select(agreements, same_account.label("same_account")).where(condition)).first()
            if row is not None:
                return Blocker(_agreement(row), condition is same_key, bool(row.same_account))
        return None

    def find(self, tx: Connection, agreement_id: str, person_id: str) -> Agreement | None:
        """An agreement of this person."""
        t = agreements.c
        mine = select(agreements).where(t.agreement_id == agreement_id, t.person_id == person_id)
        return _maybe(tx.execute(mine).first())

    def of_person(self, tx: Connection, person_id: str) -> Sequence[Agreement]:
        """All of a person, newest first."""
        mine = select(agreements).where(agreements.c.person_id == person_id)
        return [_agreement(row) for row in tx.execute(mine.order_by(agreements.c.created_at.desc()))]

    def lock(self, tx: Connection, agreement_id: str) -> Agreement:
        """The agreement, its row locked until the transaction ends."""
        one = select(agreements).where(agreements.c.agreement_id == agreement_id).with_for_update()
        agreement = _maybe(tx.execute(one).first())
        assert agreement is not None, "agreements are never deleted"
        return agreement

    def save(self, tx: Connection, agreement: Agreement) -> None:
        """Write the row back. The caller holds its lock. One of somebody forgotten is found by nobody's number."""
        same = update(agreements).where(agreements.c.agreement_id == agreement.agreement_id)
        nobodys = agreement.forgotten and agreement.state in FINAL
        found_by = dict.fromkeys(("person_index", "account_index"), agreement.agreement_id) if nobodys else {}
        tx.execute(same.values(**_values(agreement), **found_by))

    def note(
        self, tx: Connection, before: Agreement | None, after: Agreement, source: str, trigger: str,
        now: dt.datetime,
    ) -> None:  # fmt: skip
        """A line of the history; `before` is None for its beginning."""
        tx.execute(agreement_history.insert().values(
            agreement_id=after.agreement_id, at=now, source=source, trigger=trigger,
            from_state=before.state.value if before else "", to_state=after.state.value,
        ))  # fmt: skip

    def claim_due(
        self, tx: Connection, now: dt.datetime, until: dt.datetime, limit: int
    ) -> Sequence[Agreement]:
        """Agreements whose next action is due, pushed to `until` so that no other replica takes them meanwhile."""
        due = (
            select(agreements)
            .where(agreements.c.next_action_at <= now)
            .order_by(agreements.c.next_action_at)
            .limit(limit)
        )
        found = [_agreement(row) for row in tx.execute(due.with_for_update(skip_locked=True))]
        if found:
            ids = [agreement.agreement_id for agreement in found]
            later = update(agreements).where(agreements.c.agreement_id.in_(ids))
            tx.execute(later.values(next_action_at=until))
        return found

    def unsettled(self, tx: Connection) -> dict[str, int]:
        """How many wait for the tax core or a bank, by state, for metrics."""
        waiting = agreements.c.next_action_at.is_not(None)
        counts = select(agreements.c.state, func.count()).where(waiting).group_by(agreements.c.state)
        return dict(tx.execute(counts).all())


def _person_key(person: Person) -> str:
    return f"{person.document_type.value}:{person.document_number}"


def _account_key(agreement: Agreement) -> str:
    return f"{agreement.bank_code}:{agreement.account_number}"


def _values(agreement: Agreement) -> dict[str, Any]:
    return {name: getattr(agreement, name) for name in _COLUMNS} | {
        "state": agreement.state.value, "live": agreement.state in LIVE,
    }  # fmt: skip


def _maybe(row: Row[Any] | None) -> Agreement | None:
    return None if row is None else _agreement(row)


def _agreement(row: Row[Any]) -> Agreement:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Agreement(**values | {"state": AgreementState(row.state)})
