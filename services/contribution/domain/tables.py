"""The tables an authority keeps: whose they are, and what an import changes in them (requirement 3.2.1.9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from contract.contribution import BaseRule, Tier, Tiers
from contract.insurance import InsuranceType, PayerKind
from contract.tiers import ImportState, TableChange, TierChange


@dataclass(frozen=True)
class SheetTable:
    """One table as an import brings it: in force from `year` on, until a later one begins."""

    payer_kind: PayerKind
    insurance_type: InsuranceType
    year: int
    rule: BaseRule | None
    tiers: tuple[Tier, ...]

    @property
    def key(self) -> str:
        """Tells the tables of one pooling level apart."""
        return f"{self.payer_kind.value}.{self.insurance_type.value}.{self.year}"


@dataclass(frozen=True)
class InForce:
    """A version of a table that is in force; `table_id` says which."""

    table_id: str
    table: Tiers


@dataclass(frozen=True)
class KeptImport:
    """An import as it is kept. `compared_with` says by table key which version was in force when it was previewed,
    empty where there was none."""

    import_id: str
    pooling_code: str
    file_hash: str
    state: ImportState
    tables: tuple[SheetTable, ...]
    compared_with: Mapping[str, str]
    changes: tuple[TableChange, ...]
    reason: str
    submitted_by: str
    decided_by: str | None
    created_at: dt.datetime


def reach_of(level: str) -> str:
    """What the codes of a pooling level and of all below it begin with: 45, 4501 or 450103."""
    while level.endswith("00"):
        level = level.removesuffix("00")
    return level


def reaches(level: str, pooling_code: str) -> bool:
    """Whether a pooling level is another one or lies above it."""
    return pooling_code.startswith(reach_of(level))


def years_kept(today: dt.date) -> tuple[int, int]:
    """The contribution years whose tables may be changed: what is past was paid by the tables of its time."""
    return today.year, today.year + 1


def compare(table: SheetTable, before: Tiers | None) -> TableChange:
    """What a table changes for its payers; a tier is the same one while its name is."""
    old = {tier.label: tier for tier in before.tiers} if before else {}
    new = {tier.label: tier for tier in table.tiers}
    pairs = [(old.get(label), new.get(label)) for label in dict.fromkeys([*new, *old])]
    differing = tuple(TierChange(was, will) for was, will in pairs if _worth(was) != _worth(will))
    return TableChange(
        table.payer_kind, table.insurance_type, table.year, before, table.rule, len(pairs) - len(differing), differing
    )  # fmt: skip


def changes_anything(change: TableChange) -> bool:
    """Whether payers would notice."""
    return bool(change.tiers) or change.rule != (change.before.rule if change.before else None)


def _worth(tier: Tier | None) -> tuple[int, int] | None:
    return (tier.amount, tier.base) if tier else None


def is_overtaken(kept: KeptImport, in_force: Mapping[str, str], today: dt.date) -> bool:
    """Whether an import may not come into force as it was previewed: a table changed meanwhile, or its year is past."""
    past = any(table.year < today.year for table in kept.tables)
    return past or dict(kept.compared_with) != dict(in_force)
