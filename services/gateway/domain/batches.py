"""Batches: one payment for several people at once (3.2.1.7; docs/adr/0018). A line is about one insured, and holds
what a journey would hold of them, so that a batch has no rules of its own for what may be chosen and paid."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from contract import schema
from contract.contribution import AgencyChoiceNeeded, TierNotPayable, TierUnknown, YearNotOffered
from contract.errors import ContractError
from contract.household import TypedPerson
from contract.insurance import InsuranceType
from contract.payment import MAX_ITEMS, ItemWanted
from contract.people import Person
from services.gateway.domain import drafts
from services.gateway.domain.drafts import AgencyChoice, Draft, Selection
from services.gateway.domain.refusals import Refusal
from services.gateway.domain.waiting import ASKING

MOST = MAX_ITEMS
"""As many people as one payment may be for."""

AT_ONCE = 4
"""About so many people of one batch the upstream is asked at the same time: a list must not fill the queue."""


@dataclass(frozen=True)
class PersonWanted:
    """Somebody to pay for: picked, or typed; neither is the payer."""

    pick_id: str = ""
    typed: TypedPerson | None = None


_TO_CHOOSE = (AgencyChoiceNeeded, TierUnknown, TierNotPayable, YearNotOffered)


class BatchState(enum.StrEnum):
    """open → placed (became an order) | left (the payer began anew)."""

    OPEN = "open"
    PLACED = "placed"
    LEFT = "left"


class LineState(enum.StrEnum):
    """waiting (to be asked about, or being asked about right now) ⇄ settled (payable, or refused with a reason)."""

    WAITING = "waiting"
    SETTLED = "settled"


class Way(enum.StrEnum):
    """What a payer can do about a line that cannot be paid: choose something, have it asked again, or nothing but pay
    without it."""

    CHOOSE = "choose"
    AGAIN = "again"
    NONE = "none"


@dataclass(frozen=True)
class Terms:
    """What holds for everybody. `tier_code` is the one chosen for all who have it; None before one is chosen."""

    insurance_type: InsuranceType | None = None
    year: int | None = None
    tier_code: str | None = None
    reminder_phone: str | None = None

    @property
    def selection(self) -> Selection:
        """Where every line begins."""
        return Selection(self.insurance_type, year=self.year, tier_code=self.tier_code)


@dataclass(frozen=True)
class Batch:
    """One payer's way to one order for several people, resumable until it is placed or left."""

    batch_id: str
    payer_id: str
    state: BatchState
    terms: Terms
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    order_id: str | None = None

    @property
    def ready(self) -> bool:
        """Whether it is known what shall be asked for."""
        return self.terms.insurance_type is not None


@dataclass(frozen=True)
class Line:
    """One insured of a batch. `asked_at` is when somebody last began or went on asking about them."""

    line_id: str
    batch_id: str
    position: int
    draft: Draft
    state: LineState = LineState.WAITING
    asked_at: dt.datetime | None = None
    version: int = 1

    @property
    def payable(self) -> bool:
        return self.state is LineState.SETTLED and self.draft.quoted is not None

    @property
    def blocked(self) -> bool:
        return self.state is LineState.SETTLED and self.draft.quoted is None

    @property
    def error(self) -> ContractError:
        """Why it cannot be paid."""
        refused = self.draft.refused
        return refused.error if refused else ContractError()

    @property
    def way(self) -> Way:
        """What can be done about that."""
        if isinstance(self.error, _TO_CHOOSE):
            return Way.CHOOSE
        return Way.AGAIN if self.error.status >= 500 else Way.NONE

    def is_asking(self, now: dt.datetime) -> bool:
        """Whether somebody asks about it right now."""
        return self.asked_at is not None and now - self.asked_at < ASKING

    def settled(self, draft: Draft) -> Line:
        """The line with what came of its question."""
        return replace(self, draft=draft, state=LineState.SETTLED, asked_at=None)

    def refused(self, error: ContractError) -> Line:
        """The line as one that cannot be paid, with the reason."""
        return self.settled(replace(self.draft, quoted=None, refused=Refusal.of(error)))

    def waiting(self, selection: Selection | None = None) -> Line:
        """The line to be asked about again, perhaps with another selection. The enrolment stays, and so do the
        agencies to choose between while type and year do."""
        before = self.draft.selection
        selection = selection or before
        same = (selection.insurance_type, selection.year) == (before.insurance_type, before.year)
        draft = replace(
            self.draft, quoted=None, refused=None, agencies=self.draft.agencies if same else (),
            selection=selection if same else replace(selection, agency_code=""),
        )  # fmt: skip
        return replace(self, draft=draft, state=LineState.WAITING, asked_at=None)


@dataclass(frozen=True)
class Progress:
    """How far the questions are: of `total` people `waiting` are not settled, `asking` of these are asked about right
    now. `ticket` finds the place of one of those."""

    total: int
    waiting: int
    asking: int
    ticket: str = ""

    @property
    def done(self) -> int:
        return self.total - self.waiting


@dataclass(frozen=True)
class Sheet:
    """A batch with its lines at one moment: what its check page shows, and what its order would be."""

    batch: Batch
    lines: tuple[Line, ...]

    @cached_property
    def payable(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.payable)

    @cached_property
    def blocked(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.blocked)

    @property
    def waiting(self) -> bool:
        """Whether anybody is still to be asked about."""
        return any(line.state is LineState.WAITING for line in self.lines)

    @property
    def again(self) -> tuple[Line, ...]:
        """Those that were not answered, and may be when asked again."""
        return tuple(line for line in self.blocked if line.way is Way.AGAIN)

    @property
    def amount(self) -> int:
        """The sum of what can be paid, in fen."""
        return sum(line.draft.quoted.amount for line in self.payable if line.draft.quoted)

    @property
    def items(self) -> tuple[ItemWanted, ...]:
        """What an order is asked to pay for: all that can be paid, nothing else."""
        return tuple(drafts.item_of(line.draft) for line in self.payable)

    @cached_property
    def idempotency_key(self) -> str:
        """The key of an order for exactly these quotes: whoever confirms what another set of quotes said has another
        key, and whoever confirms the same twice has the same."""
        parts = [self.batch.batch_id, *(schema.dump(item) for item in self.items)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def places(self) -> list[tuple[str, int, list[Line]]]:
        """Where people's medical insurance will be, and for which year, with those it is for (3.2.1.15(二))."""
        found: dict[tuple[str, int], list[Line]] = {}
        for line in self.payable:
            quoted = line.draft.quoted
            if quoted and quoted.entry.insurance_type is InsuranceType.MEDICAL:
                place = drafts.place_of(quoted.entry.agency_name)
                found.setdefault((place, quoted.lines[0].year), []).append(line)
        return [(place, year, lines) for (place, year), lines in found.items()]

    def holds(self, person: Person) -> bool:
        """Whether somebody is listed already, whatever name was typed."""
        return any(_document(line.draft.insured) == _document(person) for line in self.lines)

    def like(self, line: Line) -> tuple[Line, ...]:
        """The other lines that need a tier as this one does."""
        return tuple(
            other for other in self.blocked
            if other.line_id != line.line_id and isinstance(other.error, TierUnknown)
        )  # fmt: skip

    def without_tier(self) -> Line | None:
        """The first of those who need a tier, where nobody can be paid for before one is chosen."""
        if self.payable:
            return None
        return next((line for line in self.blocked if isinstance(line.error, TierUnknown)), None)

    def expiring(self, now: dt.datetime, left: dt.timedelta) -> Sequence[Line]:
        """Payable lines whose quotes have no more than so much time left."""
        return [
            line for line in self.payable
            if line.draft.quote_expires_at is None or line.draft.quote_expires_at - now <= left
        ]  # fmt: skip


def agencies_of(draft: Draft) -> tuple[AgencyChoice, ...]:
    """The agencies a line's insured may choose between: those contribution asked about, or their own where they have
    several for the insurance type."""
    entries = draft.enrolment.entries if draft.enrolment else ()
    own = [entry for entry in entries if entry.insurance_type == draft.selection.insurance_type]
    if draft.agencies or len(own) < 2:
        return draft.agencies
    return tuple(AgencyChoice(entry.agency_code, entry.agency_name) for entry in own)


def _document(person: Person) -> tuple[str, str]:
    return person.document_type.value, person.document_number
