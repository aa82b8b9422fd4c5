"""Whether a journal is as it was written: every act, its place, the end of the chain, and the anchors."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from kit.audit.anchors import Anchor
from kit.audit.journal import Journal, Position, follows, position_of
from kit.audit.tables import CHAINED, FORGOTTEN

LATEST_CHAINED = dt.timedelta(minutes=10)
"""An act that waits longer for its place is told: either no chainer runs, or somebody took it out of the chain."""
_AT_A_TIME = 500


class Fault(enum.StrEnum):
    """What may be wrong with a journal."""

    EDITED = "edited"
    REMOVED = "removed"
    MOVED = "moved"
    UNCHAINED = "unchained"
    SHORTENED = "shortened"
    MARK = "mark"
    ANCHOR = "anchor"

    @property
    def label(self) -> str:
        return {
            "edited": "记录内容被改动", "removed": "记录被删除", "moved": "记录次序被改动", "unchained": "记录没有入链",
            "shortened": "链尾被删除", "mark": "链的标记被改动", "anchor": "与锚点不符",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """Something wrong; `subject` is a place in the chain, or an act's id where it has none."""

    fault: Fault
    subject: str
    detail: str = ""


@dataclass
class Counted:
    """How much was looked at."""

    acts: int = 0


def check(
    snapshot: Connection, journal: Journal, now: dt.datetime, anchors: Iterable[Anchor] = (),
    counted: Counted | None = None,
) -> Iterator[Finding]:  # fmt: skip
    """Everything that is wrong with a journal. One change is told once: after a gap the chain is taken up again."""
    counted = counted or Counted()
    yield from _marks(snapshot, journal)
    wanted = {anchor.sequence: anchor for anchor in anchors}
    before = begun = journal.mark(snapshot, FORGOTTEN)
    for act in _in_order(snapshot, journal, begun.sequence):
        counted.acts += 1
        gap = act.sequence != before.sequence + 1
        if gap:
            yield Finding(Fault.REMOVED, _places(before.sequence + 1, act.sequence - 1))
        yield from _act(journal, act, None if gap else before)
        before = position_of(act)
        anchor = wanted.pop(act.sequence, None)
        if anchor is not None and anchor.link != before.link:
            yield Finding(Fault.ANCHOR, str(act.sequence), anchor.at)
    yield from _end(journal.mark(snapshot, CHAINED), before)
    for anchor in wanted.values():
        if anchor.sequence > begun.sequence:
            yield Finding(Fault.ANCHOR, str(anchor.sequence), f"{anchor.at} 的锚点所指的记录不在")
    for act in _unchained(snapshot, journal):
        counted.acts += 1
        if act.at < now - LATEST_CHAINED:
            yield Finding(Fault.UNCHAINED, act.act_id, act.at.isoformat())
        if not journal.holds(act):
            yield Finding(Fault.EDITED, act.act_id)


def _act(journal: Journal, act: Any, before: Position | None) -> Iterator[Finding]:
    if not journal.holds(act):
        yield Finding(Fault.EDITED, str(act.sequence), act.act_id)
    elif before is not None and not follows(before, bytes(act.seal), bytes(act.link)):
        yield Finding(Fault.MOVED, str(act.sequence), act.act_id)


def _marks(snapshot: Connection, journal: Journal) -> Iterator[Finding]:
    for row in snapshot.execute(select(journal.marks)).all():
        if not journal.mark_seal.holds(dict(row._mapping)):
            yield Finding(Fault.MARK, row.mark)


def _end(end: Position, last: Position) -> Iterator[Finding]:
    if last.sequence < end.sequence:
        yield Finding(Fault.SHORTENED, _places(last.sequence + 1, end.sequence))
    elif last != end:
        yield Finding(Fault.MOVED, str(last.sequence), "链尾与标记不符")


def _in_order(snapshot: Connection, journal: Journal, after: int) -> Iterator[Any]:
    while acts := journal.after(snapshot, after, _AT_A_TIME):
        yield from acts
        after = acts[-1].sequence


def _unchained(snapshot: Connection, journal: Journal) -> Iterator[Any]:
    t = journal.table
    waiting = journal.acts.where(t.c.sequence.is_(None)).order_by(t.c.act_id)
    yield from snapshot.execute(waiting, execution_options={"yield_per": _AT_A_TIME})


def _places(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
