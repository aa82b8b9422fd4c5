"""Refunds with their lines and their history, and what they change in the rows of their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, tuple_, update

from contract.refunds import RefundOrigin, RefundState
from kit.database import insert_or_ignore
from kit.seals import SealedRow
from services.payment.domain.orders import RefundReason
from services.payment.domain.refunds import LineNumber, Refund, RefundReport
from services.payment.models import (
    CASE_SEAL,
    REFUND_SEAL,
    order_lines,
    orders,
    refund_cases,
    refund_history,
    refund_lines,
    refunds,
)
from services.payment.storage.rows import within

_MOVED = ("state", "attempts", "next_action_at", "refunded_at", "failure", "refund_order_id", "seal")
_NEWEST = refunds.c.created_at.desc(), refunds.c.refund_id


class RefundStorage:
    """Everything payment keeps of refunds. Whoever changes one holds the row lock of its order."""

    def add(self, tx: Connection, refund: Refund) -> bool:
        """Insert a new refund with its lines; False when its key, or one of its lines, has a refund already. Then the
        transaction must end."""
        lines = [
            {"order_id": refund.order_id, "item": item, "line": line, "refund_id": refund.refund_id}
            for item, line in refund.lines
        ]
        return insert_or_ignore(tx, refunds, **_row(refund)) and all(
            insert_or_ignore(tx, refund_lines, **line) for line in lines
        )

    def by_key(self, tx: Connection, origin: RefundOrigin, key: str) -> Refund | None:
        """The refund that was asked for under this key."""
        same = (refunds.c.origin == origin.value) & (refunds.c.idempotency_key == key)
        return next(iter(_found(tx, select(refunds).where(same))), None)

    def find(self, tx: Connection, refund_id: str) -> Refund | None:
        """One refund."""
        return next(iter(_found(tx, select(refunds).where(refunds.c.refund_id == refund_id))), None)

    def latest(
        self, tx: Connection, order_id: str | None, state: RefundState | None, limit: int, reach: str = ""
    ) -> Sequence[Refund]:
        """The newest refunds, of one order or in one state if named, of orders within a reach."""
        wanted = select(refunds)
        if reach:
            wanted = wanted.where(refunds.c.order_id.in_(select(orders.c.order_id).where(within(reach))))
        if order_id is not None:
            wanted = wanted.where(refunds.c.order_id == order_id)
        if state is not None:
            wanted = wanted.where(refunds.c.state == state.value)
        return _found(tx, wanted.order_by(*_NEWEST).limit(limit))

    def claim_due(self, tx: Connection, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Refund]:
        """Refunds whose next action is due, as they were; pushed to `until` so that no other replica takes them
        meanwhile, and counted as asked for, so that whoever comes after a crash asks what became of them."""
        earliest = refunds.c.next_action_at
        due = select(refunds).where(earliest <= now).order_by(earliest).limit(limit)
        found = _found(tx, due.with_for_update(skip_locked=True))
        ours = refunds.c.refund_id.in_([refund.refund_id for refund in found])
        if found:
            tx.execute(
                update(refunds).where(ours).values(next_action_at=until, attempts=refunds.c.attempts + 1)
            )
        return found

    def written(self, refund: Refund) -> SealedRow:
        """The refund as it is sealed."""
        return REFUND_SEAL.written(_row(refund))

    def case(self, tx: Connection, order_id: str, transaction_id: str) -> SealedRow:
        """A refund case as it is sealed."""
        case = refund_cases.c
        ours = (case.order_id == order_id) & (case.transaction_id == transaction_id)
        return CASE_SEAL.written(dict(tx.execute(select(refund_cases).where(ours)).mappings().one()))

    def move(self, tx: Connection, refund: Refund) -> None:
        """Store what may change of a refund."""
        row = _row(refund)
        changed = update(refunds).where(refunds.c.refund_id == refund.refund_id)
        tx.execute(changed.values({name: row[name] for name in _MOVED}))

    def note(
        self, tx: Connection, before: Refund, after: Refund, report: RefundReport, now: dt.datetime,
        operator_id: str = "",
    ) -> None:  # fmt: skip
        """A line of the refund's history, with the number UnionPay knows it by."""
        detail = {"refund_order_id": before.refund_order_id, "transaction_id": report.transaction_id,
                  "amount": report.amount}  # fmt: skip
        tx.execute(
            refund_history.insert(),
            {"refund_id": before.refund_id, "at": now, "from_state": before.state.value,
             "trigger": report.status.value, "to_state": after.state.value, "operator_id": operator_id,
             "detail": detail},
        )  # fmt: skip

    def end_lines(self, tx: Connection, refund: Refund) -> None:
        """The lines of a refund are paid no more: somebody may pay for them again."""
        line = order_lines.c
        ended = update(order_lines).where(
            line.order_id == refund.order_id, tuple_(line.item, line.line).in_(refund.lines)
        )
        tx.execute(ended.values(live=False))

    def close_case(self, tx: Connection, refund: Refund, now: dt.datetime) -> dt.datetime:
        """The money of a refund case went back; the order owes its payer only what other cases hold. Returns when that
        money was paid."""
        case = refund_cases.c
        ours = (case.order_id == refund.order_id) & (case.transaction_id == refund.transaction_id)
        row = tx.execute(select(refund_cases).where(ours)).one()
        closed = CASE_SEAL.onto({**row._mapping, "closed_at": now})
        tx.execute(update(refund_cases).where(ours).values(closed_at=now, seal=closed["seal"]))
        others = select(func.count()).where(case.order_id == refund.order_id, case.closed_at.is_(None))
        due = tx.execute(others).scalar_one() > 0
        changed = update(orders).where(orders.c.order_id == refund.order_id)
        tx.execute(changed.values(refund_due=due, returned_at=now))
        paid_at: dt.datetime = row.paid_at or row.opened_at
        return paid_at

    def not_final(self, connection: Connection) -> dict[str, int]:
        """How many refunds are in each state that is not final, for metrics."""
        counts = select(refunds.c.state, func.count()).where(refunds.c.next_action_at.is_not(None))
        return dict(connection.execute(counts.group_by(refunds.c.state)).all())


def _found(tx: Connection, wanted: Select[Any]) -> list[Refund]:
    return refunds_of(tx, tx.execute(wanted).all())


def refunds_of(tx: Connection, rows: Sequence[Row[Any]]) -> list[Refund]:
    """The refunds of rows of `refunds`, with their lines."""
    lines: dict[str, list[LineNumber]] = {row.refund_id: [] for row in rows}
    concerned = select(refund_lines).where(refund_lines.c.refund_id.in_(lines))
    for line in tx.execute(concerned.order_by(refund_lines.c.item, refund_lines.c.line)) if rows else ():
        lines[line.refund_id].append((line.item, line.line))
    return [_refund(row, tuple(lines[row.refund_id])) for row in rows]


def _row(refund: Refund) -> dict[str, Any]:
    row = {
        "refund_id": refund.refund_id, "order_id": refund.order_id, "refund_order_id": refund.refund_order_id,
        "transaction_id": refund.transaction_id, "amount": refund.amount, "reason": refund.reason,
        "origin": refund.origin.value, "operator_id": refund.operator_id, "operator_name": refund.operator_name,
        "idempotency_key": refund.idempotency_key, "body_hash": refund.body_hash,
        "case_reason": None if refund.case is None else refund.case.value, "state": refund.state.value,
        "created_at": refund.created_at, "next_action_at": refund.next_action_at, "attempts": refund.attempts,
        "refunded_at": refund.refunded_at, "failure": refund.failure,
    }  # fmt: skip
    return REFUND_SEAL.onto(row)


def _refund(row: Row[Any], lines: tuple[LineNumber, ...]) -> Refund:
    return Refund(
        refund_id=row.refund_id, order_id=row.order_id, refund_order_id=row.refund_order_id,
        transaction_id=row.transaction_id, amount=row.amount, reason=row.reason, origin=RefundOrigin(row.origin),
        operator_id=row.operator_id, operator_name=row.operator_name, idempotency_key=row.idempotency_key,
        body_hash=row.body_hash, created_at=row.created_at, next_action_at=row.next_action_at, lines=lines,
        case=None if row.case_reason is None else RefundReason(row.case_reason), state=RefundState(row.state),
        attempts=row.attempts, refunded_at=row.refunded_at, failure=row.failure,
    )  # fmt: skip
