"""What a run leaves behind: new breaks, those found again, and those that are none any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from contract.reconciliation import BreakKind, BreakState, ReconciliationRun
from services.payment.reconciliation.comparing import Elsewhere, Found
from services.payment.storage.breaks import KEY, BreakStorage


class Recorded(NamedTuple):
    """How many breaks are new, and how many the run has closed."""

    new: int
    closed: int


def record(
    tx: Any, breaks: BreakStorage, run: ReconciliationRun, found: Sequence[Found], settled: Sequence[Elsewhere],
    now: dt.datetime,
) -> Recorded:  # fmt: skip
    """Bring the day's breaks to what the run has found. Doing it again changes nothing."""
    rows = {tuple(row[name] for name in KEY): row for row in (_row(run, one, now) for one in found)}
    known = breaks.of_day(tx, run.day)
    new = [row for key, row in rows.items() if key not in known]
    again = [row for key, row in known.items() if key in rows]
    breaks.add(tx, new, now, f"第{run.run_id}次对账发现")
    breaks.seen(tx, [row.break_id for row in again], run.run_id)
    for row in again:
        # What came with another day's file stays closed, and so does what an operator closed.
        if row.closed_day == run.day:
            breaks.reopen(tx, row, now, f"第{run.run_id}次对账再次发现")
    gone = [row for key, row in known.items() if key not in rows and row.closed_at is None]
    for row in gone:
        breaks.settle(tx, row, run.day, now, f"第{run.run_id}次对账（{run.day:%Y-%m-%d}）已相符，自动关闭")
    closed = sum(_settle_elsewhere(tx, breaks, run, one, now) for one in settled)
    return Recorded(len(new), len(gone) + closed)


def _settle_elsewhere(
    tx: Any, breaks: BreakStorage, run: ReconciliationRun, one: Elsewhere, now: dt.datetime
) -> int:
    """Close what its own day missed; leave word for a day that has not been reconciled yet."""
    why = f"已在{run.day:%Y-%m-%d}的账单中对上（第{run.run_id}次对账），自动关闭"
    missed = breaks.missing(tx, one.day, one.party, one.entry.number, one.entry.item)
    for row in missed:
        if row.closed_at is None:
            breaks.settle(tx, row, run.day, now, why)
    if not missed:
        absent = Found(one.party, BreakKind.DATE_CUT, one.entry.number, one.entry.item, one.entry, None)
        closed = {"state": BreakState.CLOSED.value, "closed_at": now, "closed_day": run.day, "reason": why}
        breaks.add_closed(tx, _row(run, absent, now) | {"day": one.day} | closed)
    return sum(row.closed_at is None for row in missed)


def _row(run: ReconciliationRun, found: Found, now: dt.datetime) -> dict[str, Any]:
    ours, theirs = found.ours, found.theirs
    either = theirs or ours
    assert either is not None, "one side has it"
    return {
        "day": run.day, "mid": either.mid or (ours.mid if ours else ""), "party": found.party.value,
        "kind": found.kind.value, "mer_order_id": found.number, "item": found.item,
        "channel": ours.channel if ours else "", "our_amount": _paid_amount(ours),
        "their_amount": theirs.amount if theirs else None, "our_state": ours.state if ours else "",
        "their_state": theirs.state if theirs else "", "reference": either.reference, "at": either.at,
        "first_seen": now, "last_run": run.run_id, "state": BreakState.OPEN.value, "owner": "", "action": "",
        "outcome": "", "reason": "", "closed_at": None, "closed_day": None,
    }  # fmt: skip


def _paid_amount(ours: Any) -> int | None:
    """What we have of it: nothing of an order that is not paid."""
    return ours.amount if ours is not None and ours.at else None
