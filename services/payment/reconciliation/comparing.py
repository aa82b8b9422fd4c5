"""What one order's entries say of it together: nothing, or breaks. Pure; the rules of docs/adr/0017."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contract.payment import OrderState
from contract.reconciliation import BreakKind, Party
from services.payment.reconciliation.entries import OF_CORE, Entry, Movement, Side

POSTED = "1"
"""JFBS of a record that is paid (protocols.md §3)."""

_GIVEN_BACK = (OrderState.REFUNDING, OrderState.REFUNDED)
_ABSENT = {Party.UNIONPAY: BreakKind.MISSING_WITH_UNIONPAY, Party.CORE: BreakKind.MISSING_WITH_CORE}
_MISSING = frozenset({*_ABSENT.values(), BreakKind.DATE_CUT})


class Found(NamedTuple):
    """A break as a run finds it. `item` tells several of an order apart."""

    party: Party
    kind: BreakKind
    number: str
    item: str
    ours: Entry | None
    theirs: Entry | None


class Elsewhere(NamedTuple):
    """What was missing on another day and has come with this one."""

    day: dt.date
    party: Party
    entry: Entry


class Past(NamedTuple):
    """A break an earlier run left; `closed_day` is the day whose run found what was missing."""

    day: dt.date
    party: Party
    kind: BreakKind
    item: str
    closed_day: dt.date | None


@dataclass(frozen=True)
class Known:
    """What our books say of an order, whenever paid: `entry` is its payment; `lines` by item; `refunds` by number and
    `voids` by item, with their days; `cases` are transactions that are refund cases, with what goes back."""

    state: OrderState
    entry: Entry
    paid_on: dt.date | None
    lines: Mapping[str, Entry] = field(default_factory=dict)
    refunds: Mapping[str, tuple[Entry, dt.date]] = field(default_factory=dict)
    voids: Mapping[str, tuple[Entry, dt.date]] = field(default_factory=dict)
    cases: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class Rules:
    """The day that is reconciled: `cut`, e.g. 23:00:00, is from when UnionPay may settle a payment on the next day;
    `reconciled` are the days that have been, as far as they matter."""

    day: dt.date
    merchants: frozenset[str]
    cut: str
    reconciled: frozenset[dt.date] = frozenset()


def agree(entries: Sequence[Entry]) -> bool:
    """Whether there is nothing to look into: what all but a few orders are. Entries of an order come sorted."""
    money: dict[str, list[tuple[str, ...]]] = {Side.OURS: [], Side.UNIONPAY: []}
    lines: dict[str, list[tuple[str, str, int]]] = {Side.OURS: [], Side.CORE: []}
    for entry in entries:
        if entry.movement in OF_CORE:
            lines[entry.side].append((entry.movement, entry.item, entry.amount))
        else:
            money[entry.side].append((entry.movement, entry.item, str(entry.amount), entry.mid))
        if entry.state not in (OrderState.PAID, POSTED, ""):
            return False
    ours = money[Side.OURS]
    return bool(
        len(set(ours)) == len(ours) > 0
        and ours == money[Side.UNIONPAY]
        and lines[Side.OURS] == lines[Side.CORE]
    )


@dataclass(frozen=True)
class Judge:
    """Looks into one order whose entries do not agree. `known` is None when the order is not ours."""

    rules: Rules
    known: Known | None
    past: Sequence[Past]

    def judge(self, entries: Sequence[Entry]) -> Iterator[Found | Elsewhere]:
        """Its breaks, and what it settles of other days."""
        ours: dict[tuple[str, str], Entry] = {}
        theirs: dict[tuple[Party, str, str], list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.side == Side.OURS:
                ours[entry.movement, entry.item] = entry
            else:
                party = Party.CORE if entry.side == Side.CORE else Party.UNIONPAY
                theirs[party, entry.movement, entry.item].append(entry)
        for movement, item in ours:
            party = Party.CORE if movement in OF_CORE else Party.UNIONPAY
            if (party, movement, item) not in theirs:
                yield from self._absent(party, ours[movement, item])
        for (party, movement, item), said in theirs.items():
            yield from self._compared(party, ours.get((movement, item)), said)

    def _absent(self, party: Party, mine: Entry) -> Iterator[Found]:
        """We have it, and they do not."""
        came_elsewhere = any(
            past.closed_day not in (None, self.rules.day)
            for past in self._past(party, mine.item, self.rules.day)
        )
        given_back = mine.movement == Movement.LINE and mine.state in _GIVEN_BACK
        if came_elsewhere or given_back:
            return
        if mine.movement == Movement.VOID:
            yield self._found(party, BreakKind.STATE, mine, None)  # given back, and the core still has it
            return
        late = mine.at[11:] >= self.rules.cut
        still_to_come = late and self.rules.day + dt.timedelta(days=1) not in self.rules.reconciled
        yield self._found(party, BreakKind.DATE_CUT if still_to_come else _ABSENT[party], mine, None)

    def _compared(
        self, party: Party, mine: Entry | None, said: Sequence[Entry]
    ) -> Iterator[Found | Elsewhere]:
        """They have it, once or several times."""
        own = mine.reference if mine else (self.known.entry.reference if self.known else "")
        first, *more = sorted(said, key=lambda entry: entry.reference != own)
        for again in more:
            if not self._is_case(again):
                yield self._found(party, BreakKind.DUPLICATE, mine, again, f"{again.item}#{again.reference}")
        if party is Party.UNIONPAY and first.mid not in self.rules.merchants:
            yield self._found(party, BreakKind.UNKNOWN_MERCHANT, mine, first)
        elif mine is None:
            yield from self._unexpected(party, first)
        elif party is Party.UNIONPAY and first.mid != mine.mid:
            yield self._found(party, BreakKind.UNKNOWN_MERCHANT, mine, first)
        else:
            yield from self._differing(party, mine, first)

    def _differing(self, party: Party, mine: Entry, theirs: Entry) -> Iterator[Found]:
        if mine.amount != theirs.amount:
            yield self._found(party, BreakKind.AMOUNT, mine, theirs)
        unfit = OrderState.REFUNDED if theirs.state == POSTED else OrderState.PAID
        if mine.movement == Movement.LINE and mine.state == unfit:
            yield self._found(party, BreakKind.STATE, mine, theirs)

    def _unexpected(self, party: Party, theirs: Entry) -> Iterator[Found | Elsewhere]:
        """They have it on this day, and we do not: it may be ours of another day."""
        known = self.known
        if theirs.movement == Movement.PAY and self._is_case(theirs):
            return
        ours = self._of_another_day(theirs)
        if known is None or ours is None:
            # The order as it stands, without a payment: what they have is not that.
            standing = known.entry._replace(at="") if known else None
            yield self._found(party, BreakKind.MISSING_WITH_US, standing, theirs)
            return
        mine, day = ours
        if mine.movement == Movement.LINE and theirs.movement == Movement.VOID:
            if mine.state in _GIVEN_BACK:  # ours will be of a day that comes
                yield Elsewhere(self.rules.day + dt.timedelta(days=1), party, mine)
            else:
                yield self._found(party, BreakKind.STATE, mine, theirs)  # voided, and nothing goes back
            return
        if not self._past(party, theirs.item, day) and day in self.rules.reconciled:
            # Its own day had it already.
            yield self._found(party, BreakKind.DUPLICATE, mine, theirs, f"{theirs.item}#{theirs.reference}")
            return
        yield Elsewhere(day, party, mine)
        yield from self._differing(party, mine, theirs)

    def _of_another_day(self, theirs: Entry) -> tuple[Entry, dt.date] | None:
        """What our books have beside it, and on which day; of a line they have voided the line itself when nothing of
        it goes back."""
        known = self.known
        if known is None:
            return None
        if theirs.movement == Movement.REFUND:
            return known.refunds.get(theirs.item)
        if known.paid_on is None:
            return None
        if theirs.movement == Movement.PAY:
            return known.entry, known.paid_on
        if theirs.movement == Movement.VOID and theirs.item in known.voids:
            return known.voids[theirs.item]
        line = known.lines.get(theirs.item)
        return (line, known.paid_on) if line else None

    def _is_case(self, theirs: Entry) -> bool:
        """Money we know of and give back."""
        return self.known is not None and (theirs.reference, theirs.amount) in self.known.cases

    def _past(self, party: Party, item: str, day: dt.date) -> list[Past]:
        return [p for p in self.past if (p.day, p.party, p.item) == (day, party, item) and p.kind in _MISSING]

    def _found(
        self, party: Party, kind: BreakKind, mine: Entry | None, theirs: Entry | None, item: str = ""
    ) -> Found:
        either = mine or theirs
        assert either is not None, "one side has it"
        return Found(party, kind, either.number, item or (theirs or either).item, mine, theirs)
