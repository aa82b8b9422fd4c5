"""Sends that began, and what carriers reported of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from kit.database import insert_or_ignore
from services.notify.domain.kept import Begun
from services.notify.domain.messages import Accepted, Found, Outcome, Rejected, Remedy, Unclear
from services.notify.models import attempts, receipts


class AttemptRows:
    """The `attempts` and `receipts` tables."""

    def begin_attempts(self, tx: Connection, begun: Sequence[Begun], now: dt.datetime) -> None:
        """Note sends before they happen, so that whoever dies in between leaves a trace."""
        if begun:
            rows = [
                {"message_id": one.message_id, "number": one.number, "kind": one.kind.value,
                 "provider": one.provider, "segments": one.segments, "begun_at": now}
                for one in begun
            ]  # fmt: skip
            tx.execute(insert(attempts), rows)

    def end_attempt(
        self, tx: Connection, message_id: str, number: int, outcome: Outcome, now: dt.datetime
    ) -> None:
        """What a provider said of a send, at once or when it was asked later."""
        t = attempts
        first = {
            "answer": func.coalesce(t.c.answer, _answer(outcome)),
            "ended_at": func.coalesce(t.c.ended_at, now),
        }
        values: dict[str, object] = first | {"reason": getattr(outcome, "reason", "") or None}
        if serial := getattr(outcome, "serial", ""):
            values["serial"] = serial
        if isinstance(outcome, Found) and (outcome.delivered or outcome.failure):
            values |= _fate(outcome.delivered, outcome.failure, now)
        tx.execute(update(t).where(t.c.message_id == message_id, t.c.number == number).values(**values))

    def add_receipt(self, tx: Connection, provider: str, report: Found, now: dt.datetime) -> bool:
        """Keep a carrier's report; False for a repeat."""
        return insert_or_ignore(
            tx, receipts, provider=provider, serial=report.serial, delivered=report.delivered,
            hopeless=report.hopeless, reason=report.failure, received_at=now,
        )  # fmt: skip

    def receipt_of(self, tx: Connection, provider: str, serial: str) -> Found | None:
        """The report that came before the provider's own answer was recorded, if one did."""
        t = receipts
        row = tx.execute(select(t).where(t.c.provider == provider, t.c.serial == serial)).first()
        return None if row is None else Found(serial, row.reason, row.delivered, row.hopeless)

    def find_attempt(self, tx: Connection, provider: str, serial: str) -> tuple[str, int] | None:
        """Whose send has this serial (message and number), or None while none has."""
        t = attempts
        mine = select(t.c.message_id, t.c.number).where(t.c.provider == provider, t.c.serial == serial)
        row = tx.execute(mine).first()
        return None if row is None else (row.message_id, row.number)

    def settle_attempt(
        self, tx: Connection, message_id: str, number: int, report: Found, now: dt.datetime
    ) -> None:
        """Note a report with its send."""
        t = attempts
        mine = (t.c.message_id == message_id, t.c.number == number)
        tx.execute(update(t).where(*mine).values(**_fate(report.delivered, report.failure, now)))

    def forget_attempts(self, tx: Connection, before: dt.datetime, limit: int) -> int:
        """Delete the oldest sends that began before a moment, at most so many; returns how many."""
        send = tuple_(attempts.c.message_id, attempts.c.number)
        oldest = select(attempts.c.message_id, attempts.c.number).where(attempts.c.begun_at < before)
        gone = delete(attempts).where(send.in_(oldest.order_by(attempts.c.begun_at).limit(limit)))
        return int(tx.execute(gone).rowcount)

    def forget_receipts(self, tx: Connection, before: dt.datetime) -> None:
        """Delete reports received before a moment; what they said is with the sends."""
        tx.execute(delete(receipts).where(receipts.c.received_at < before))


def _fate(delivered: bool, failure: str, now: dt.datetime) -> dict[str, object]:
    return {"fate": "delivered" if delivered else "failed", "fate_at": now, "reason": failure or None}


def _answer(outcome: Outcome) -> str:
    """`failed` and `unclear` are what a provider answers for."""
    match outcome:
        case Accepted() | Found():
            return "accepted"
        case Rejected(_, Remedy.GIVE_UP):
            return "rejected"
        case Rejected():
            return "failed"
        case Unclear():
            return "unclear"
    return "not found"
